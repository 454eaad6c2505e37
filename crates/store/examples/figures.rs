//! How fast the store is: `cargo run --release -p store --example figures [sqlite|postgres [users [senders]]]`.
//!
//! Each "message" is what sending one costs the store: a look for a repeated `random_id`, then for
//! both sides the box's counters, the sealed row, the event and the dialog: 9 statements, 2 seals.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::testing::{ManualClock, SeededRandom};
use domain::{Peer, Time, UserId};
use store::messages::Message;
use store::{Database, KeyFile, Store, StoreConfig, StoreError, Tx, boxes, dialogs, messages, sent};
use tokio::task::JoinSet;

const SPAN: Duration = Duration::from_secs(8);
const CONTENT: [u8; 220] = [7; 220];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let engines = match arguments.get(1) {
        Some(engine) => vec![engine.as_str()],
        None => vec!["sqlite", "postgres"],
    };
    let users = arguments.get(2).map_or(Ok(10_000), |users| users.parse())?;
    for engine in engines {
        let folder = tempfile::tempdir()?;
        let root = Arc::new(KeyFile::new(folder.path().join("root")));
        let mut config = StoreConfig::embedded(folder.path(), root);
        if engine == "postgres" {
            config.database = Database::Postgres(testkit::postgres::database());
        }
        let clock = Arc::new(ManualClock::new(Time::from_secs(1_700_000_000)));
        let store = Store::open(&config, clock, Arc::new(SeededRandom::new(1)))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        // Makes the data keys.
        runtime.block_on(async {
            let keys: Result<(), StoreError> = store
                .write(move |tx| {
                    for user in 1..=users {
                        let owner = store::Owner::User(user);
                        tx.seal(owner, "messages", store::RowKey::from(1), &[])?;
                    }
                    Ok(())
                })
                .await;
            keys
        })?;
        let steps = match arguments.get(3) {
            Some(senders) => vec![senders.parse()?],
            None => vec![1, 16, 128, 1024],
        };
        for senders in steps {
            let figures = runtime.block_on(measure(&store, senders, users));
            println!("{engine}, {users} users, {senders} senders at once: {figures}");
        }
        let reads = runtime.block_on(histories(&store, 16, users));
        println!("{engine}: {reads} histories of 50 messages a second, 16 readers at once");
        store.close();
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a benchmark looks at the real clock")]
fn now() -> Instant {
    Instant::now()
}

async fn measure(store: &Store, senders: u64, users: i64) -> String {
    let stop = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    let start = now();
    let before = Usage::now();
    for sender in 0..senders {
        let (store, stop) = (store.clone(), Arc::clone(&stop));
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let begin = now();
                let sent: Result<(), StoreError> = store.write(move |tx| send(tx, sender, users)).await;
                sent.expect("the write succeeds");
                latencies.push(begin.elapsed());
            }
            latencies
        });
    }
    tokio::time::sleep(SPAN).await;
    stop.store(true, Ordering::Relaxed);
    let mut latencies: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    let rate = latencies.len() as f64 / start.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let used = Usage::now().since(&before, latencies.len());
    let at = |part: usize| latencies[(latencies.len() * part / 100).min(latencies.len() - 1)];
    format!("{rate:.0} messages/s, latency p50 {:.1?}, p99 {:.1?}, {used}", at(50), at(99))
}

/// What this process has used, as far as Linux says.
struct Usage {
    cpu_ms: f64,
    written_kib: f64,
}

impl Usage {
    fn now() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let stat = read("/proc/self/stat");
        let field =
            |index: usize| stat.split_whitespace().nth(index).and_then(|text| text.parse::<f64>().ok());
        // Fields 14 and 15: user and system time in ticks of 10 ms.
        let cpu_ms = (field(13).unwrap_or_default() + field(14).unwrap_or_default()) * 10.0;
        let io = read("/proc/self/io");
        let written = io.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse::<f64>().ok());
        Self { cpu_ms, written_kib: written.unwrap_or_default() / 1024.0 }
    }

    fn since(&self, before: &Self, messages: usize) -> String {
        let each = |after: f64, before: f64| (after - before) / messages as f64;
        let cpu_us = each(self.cpu_ms, before.cpu_ms) * 1000.0;
        let written = each(self.written_kib, before.written_kib);
        format!("{cpu_us:.0} µs of CPU and {written:.0} KiB written each")
    }
}

async fn histories(store: &Store, readers: u64, users: i64) -> u64 {
    let stop = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicU64::new(0));
    let mut tasks = JoinSet::new();
    for reader in 0..readers {
        let (store, stop, count) = (store.clone(), Arc::clone(&stop), Arc::clone(&count));
        tasks.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let history: Result<(), StoreError> = store
                    .read(move |tx| {
                        let pick = tx.random().below(users.unsigned_abs()).cast_signed() + 1;
                        let other = partner(pick, reader, users);
                        messages::older(tx, UserId(pick), Peer::User(UserId(other)), i32::MAX, 0, 50)
                            .map(drop)
                    })
                    .await;
                history.expect("the read succeeds");
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    tokio::time::sleep(SPAN / 4).await;
    stop.store(true, Ordering::Relaxed);
    tasks.join_all().await;
    count.load(Ordering::Relaxed) * 4 / SPAN.as_secs()
}

/// Everybody talks with a few neighbours.
fn partner(user: i64, salt: u64, users: i64) -> i64 {
    (user + (salt % 5).cast_signed()) % users + 1
}

fn send(tx: &mut Tx<'_>, salt: u64, users: i64) -> Result<(), StoreError> {
    let from = UserId(tx.random().below(users.unsigned_abs()).cast_signed() + 1);
    let to = UserId(partner(from.0, salt, users));
    let random_id = tx.random().i64();
    let now = tx.now();
    if sent::find(tx, from, random_id)?.is_some() {
        return Ok(());
    }
    let mut sides = [(from, to), (to, from)];
    sides.sort_unstable();
    let [first, second] = [boxes::allocate(tx, sides[0].0, 1, 1)?, boxes::allocate(tx, sides[1].0, 1, 1)?];
    for ((owner, other), (place, twin)) in sides.into_iter().zip([(first, second), (second, first)]) {
        let peer = Peer::User(other);
        let message = Message {
            owner,
            id: place.message_id,
            pts: place.pts,
            peer,
            twin: Some(twin.message_id),
            from,
            date: now,
            edit_date: None,
            flags: 0,
            random_id: (owner == from).then_some(random_id),
            reply_to: None,
            expires_at: None,
            content: CONTENT.to_vec(),
        };
        messages::insert(tx, message)?;
        if owner == from {
            dialogs::sent(tx, owner, peer, place.message_id, now)?;
        } else {
            dialogs::received(tx, owner, peer, place.message_id, now, 1)?;
        }
    }
    Ok(())
}
