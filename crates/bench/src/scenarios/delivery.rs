//! Messages from one person's client to another's: how many, how late, and what each costs.

use crate::figures::Figure;
use crate::home::Process;
use crate::line::Door;
use crate::load::{self, Delivered, Plan};
use crate::postgres::Cluster;
use crate::scenarios::{Context, settle, single};
use crate::seed::{Person, Seed};
use crate::usage::{Memory, Usage, family};

const PAIRS: u32 = 50;
/// How long the server may take to come to rest afterwards, in seconds.
const REST_SECS: u32 = 30;

pub fn run(context: &Context) -> Result<Vec<Figure>, String> {
    let millis = context.pick(8_000, 800);
    let plan = Plan { window: 16, warm_millis: context.pick(2_000, 300), millis, messages: None };
    let limits = &context.limits;
    let mut figures = Vec::new();

    let busy = measure(context, PAIRS, plan)?;
    let us = |usage: u64| usage as f64 / busy.count;
    let what =
        "50 pairs, each sender with 16 under way; the receiver's client has it, durable before acknowledged";
    figures.push(Figure::higher("delivered_per_s_w16", busy.per_s, "1/s", what).against(
        limits.messages_per_s(),
        "bare SQLite, two rows of 300 bytes a message, 1,000 a transaction",
    ));
    let loaded = "50 pairs, window 16, from send to receive";
    figures.push(Figure::lower("p50_ms_50pairs_w16", busy.p50, "ms", loaded));
    figures.push(Figure::lower("p99_ms_50pairs_w16", busy.p99, "ms", loaded));
    figures.push(Figure::lower("max_ms_50pairs_w16", busy.max, "ms", loaded));
    figures.push(
        Figure::lower(
            "server_cpu_us_per_msg_w16",
            us(busy.server.cpu_us),
            "µs",
            "user and system time; a thousandth of it is seconds of CPU per 1,000 messages",
        )
        .against(limits.message_cipher_us(), "IGE and SHA-256 of a query, an answer and a push"),
    );
    figures.push(Figure::lower(
        "generator_cpu_us_per_msg",
        us(busy.generator.cpu_us),
        "µs",
        "the load generator's own, both clients, on the same cores",
    ));
    figures.push(
        Figure::lower(
            "kib_written_per_msg_w16",
            us(busy.written) / 1024.0,
            "KiB",
            "bytes that the server has the disk write, while messages flow",
        )
        .against(2.0 * limits.sqlite_bytes_per_row / 1024.0, "bare SQLite, two rows"),
    );
    figures.push(
        Figure::lower(
            "flushes_per_msg_w16",
            busy.flushes_each,
            "1",
            "fsync and fdatasync of the server, data keys and checkpoints included",
        )
        .against(2.0 / 1000.0, "bare SQLite, groups of 1,000 rows"),
    );
    let rest =
        "the same with what the server does afterwards (search index, checkpoints), until it is at rest";
    let rest = if busy.came_to_rest {
        rest
    } else {
        "the same with the 30 seconds after it, in which the server did not come to rest"
    };
    figures.push(Figure::lower(
        "server_cpu_us_per_msg_w16_settled",
        busy.settled.cpu_us as f64 / busy.all,
        "µs",
        rest,
    ));
    figures.push(Figure::lower(
        "kib_written_per_msg_w16_settled",
        busy.settled.written as f64 / busy.all / 1024.0,
        "KiB",
        rest,
    ));
    figures.push(Figure::lower(
        "settle_s_w16",
        busy.rest_seconds,
        "s",
        "from the last message until the server is at rest",
    ));
    figures.push(Figure::lower(
        "peak_mib_w16",
        busy.memory.peak as f64 / 1024.0,
        "MiB",
        "most that was ever resident (VmHWM)",
    ));
    if let Some(cpu) = busy.database_cpu_us {
        figures.push(Figure::lower(
            "database_cpu_us_per_msg_w16",
            us(cpu),
            "µs",
            "all processes of PostgreSQL",
        ));
    }

    let calm = measure(context, PAIRS, Plan { window: 1, ..plan })?;
    let what = "50 pairs, each sender waits for its answer, from send to receive";
    figures.push(Figure::higher("delivered_per_s_w1", calm.per_s, "1/s", what));
    figures.push(Figure::lower("p50_ms_50pairs_w1", calm.p50, "ms", what));
    figures.push(
        Figure::lower("p99_ms_50pairs_w1", calm.p99, "ms", what)
            .against(limits.message_ms(), "one commit of bare SQLite and one round trip, medians"),
    );
    figures.push(Figure::lower("max_ms_50pairs_w1", calm.max, "ms", what));

    let lone = measure(context, 1, Plan { window: 1, ..plan })?;
    let what = "one pair alone, window 1, from send to receive";
    figures.push(Figure::higher("delivered_per_s_1pair_w1", lone.per_s, "1/s", what));
    figures.push(
        Figure::lower("p50_ms_1pair_w1", lone.p50, "ms", what)
            .against(limits.message_ms(), "one commit of bare SQLite and one round trip, medians"),
    );
    figures.push(Figure::lower("p99_ms_1pair_w1", lone.p99, "ms", what));
    Ok(figures)
}

/// What one run of load came to.
pub struct Outcome {
    pub count: f64,
    pub per_s: f64,
    pub p50: f64,
    pub p99: f64,
    pub max: f64,
    /// Of the server's process, in the time that counts.
    pub server: Usage,
    pub generator: Usage,
    pub database_cpu_us: Option<u64>,
    /// By the server, and by PostgreSQL where there is one.
    pub written: u64,
    /// For each message, those of PostgreSQL included.
    pub flushes_each: f64,
    pub memory: Memory,
    /// All messages of the run, and what they cost until the server was at rest.
    pub all: f64,
    pub settled: Usage,
    pub rest_seconds: f64,
    pub came_to_rest: bool,
}

/// Load on a server of its own.
pub fn measure(context: &Context, pairs: u32, plan: Plan) -> Result<Outcome, String> {
    let runtime = single()?;
    let home = context.home()?;
    let people = runtime.block_on(async {
        let mut seed = Seed::open(&home.store()?)?;
        let people = self::pairs(&mut seed, pairs).await?;
        seed.close();
        Ok::<_, String>(people)
    })?;
    let server = context.start(&home)?;
    on(context, &server, &people, plan)
}

/// People who know each other.
pub async fn pairs(seed: &mut Seed, count: u32) -> Result<Vec<(Person, Person)>, String> {
    let (senders, receivers) = (seed.people(count).await?, seed.people(count).await?);
    let pairs: Vec<_> = senders.into_iter().zip(receivers).collect();
    seed.befriend(&pairs).await?;
    Ok(pairs)
}

#[derive(Clone, Copy, Default)]
struct Snapshot {
    server: Usage,
    generator: Usage,
    database: Usage,
    flushes: u64,
}

/// Load on a server that runs.
pub fn on(
    context: &Context,
    server: &Process,
    people: &[(Person, Person)],
    plan: Plan,
) -> Result<Outcome, String> {
    let runtime = single()?;
    let cluster = context.cluster.as_ref();
    let syncs = || Ok::<_, String>(cluster.map(Cluster::wal).transpose()?.unwrap_or_default().syncs);
    runtime.block_on(async {
        settle(server.pid(), 10).await;
        // What takes long, and would keep the clients from running, is done before and after.
        let database = cluster.map(|cluster| cluster.pid().map(family)).transpose()?.unwrap_or_default();
        let snapshot = || Snapshot {
            server: Usage::of(server.pid()),
            generator: Usage::own(),
            database: Usage::of_all(&database),
            flushes: server.flushes(),
        };
        let (before, syncs_before) = (snapshot(), syncs()?);
        let mut marks = Vec::new();
        let door = Door::new(server)?;
        let Delivered { latencies, seconds, sent } = load::run(&door, people, plan, || {
            marks.push(snapshot());
        })
        .await?;
        let ended = crate::system::micros();
        let all = sent.max(1) as f64;
        let syncs_each = syncs()?.saturating_sub(syncs_before) as f64 / all;
        let [from, to] = marks[..] else { return Err("the run had no end".to_owned()) };
        let came_to_rest = settle(server.pid(), REST_SECS).await;
        let rest_seconds = ((crate::system::micros() - ended) as f64 / 1e6 - 1.0).max(0.0);
        let after = snapshot();
        let times = latencies.summary();
        let count = times.count.max(1) as f64;
        let written = |from: Snapshot, to: Snapshot| {
            to.server.since(from.server).written + to.database.since(from.database).written
        };
        Ok(Outcome {
            count,
            per_s: times.count as f64 / seconds,
            p50: times.p50,
            p99: times.p99,
            max: times.max,
            server: to.server.since(from.server),
            generator: to.generator.since(from.generator),
            database_cpu_us: cluster.map(|_| to.database.since(from.database).cpu_us),
            written: written(from, to),
            flushes_each: to.flushes.saturating_sub(from.flushes) as f64 / count + syncs_each,
            memory: Memory::of(server.pid()),
            all,
            settled: Usage {
                cpu_us: after.server.since(before.server).cpu_us,
                written: written(before, after),
            },
            rest_seconds,
            came_to_rest,
        })
    })
}
