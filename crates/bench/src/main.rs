//! `bench run` measures everything and keeps the figures; `bench one` measures one load; `bench table` writes the page.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bench::figures::{self, Figure, Run};
use bench::home::build_shim;
use bench::limits::Limits;
use bench::load::Plan;
use bench::postgres::Cluster;
use bench::scenarios::{ALL, Context, Scenario, delivery};
use bench::system::micros;
use bench::table;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Open files that either side may have, and without which 10,000 connections do not fit.
const FILES: u32 = 65_536;
const FILES_MIN: u32 = 11_000;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs scenarios, each with a server of its own, and keeps their figures.
    Run(RunArgs),
    /// Runs one load and prints what came of it; keeps nothing.
    One(OneArgs),
    /// Writes the newest figures into the page.
    Table(Files),
}

#[derive(Args)]
struct Place {
    /// The server's binary.
    #[arg(long, default_value = "target/release/chatters")]
    server: PathBuf,
    /// Where databases are made: a folder on a disk, or nothing is written that counts.
    #[arg(long, default_value = "target/bench")]
    scratch: PathBuf,
}

#[derive(Args)]
struct Files {
    /// The newest figures.
    #[arg(long, default_value = "bench/results.json")]
    results: PathBuf,
    /// The same for people.
    #[arg(long, default_value = "bench/RESULTS.md")]
    page: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engine {
    Sqlite,
    Postgres,
    Both,
}

#[derive(Args)]
struct RunArgs {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    files: Files,
    /// Which: delivery, reads, handshake, cold_start, idle, catch_up, growth.
    names: Vec<String>,
    /// All of them.
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// The database. A run of both leaves out on PostgreSQL what would take too long there.
    #[arg(long, value_enum, default_value = "both")]
    engine: Engine,
    /// A little of everything, to see that it works. Its figures are not kept.
    #[arg(long)]
    quick: bool,
}

#[derive(Args)]
struct OneArgs {
    #[command(flatten)]
    place: Place,
    /// A PostgreSQL URL of an empty database; SQLite without.
    #[arg(long)]
    database: Option<String>,
    /// Pairs of people; each person has a connection.
    #[arg(long, default_value_t = 20)]
    pairs: u32,
    /// Messages that each sender has under way at once.
    #[arg(long, default_value_t = 16)]
    window: usize,
    /// Messages of each sender.
    #[arg(long, default_value_t = 1000)]
    messages: u64,
    /// Sends for so many seconds instead, after a second that does not count.
    #[arg(long, conflicts_with = "messages")]
    seconds: Option<u64>,
}

fn main() -> Result<(), String> {
    match Cli::parse().command {
        Task::Run(args) => run(&args),
        Task::One(args) => one(&args),
        Task::Table(files) => write_table(&files, None),
    }
}

fn run(args: &RunArgs) -> Result<(), String> {
    let chosen = chosen(args)?;
    let engines: &[Engine] = match args.engine {
        Engine::Both => &[Engine::Sqlite, Engine::Postgres],
        Engine::Sqlite => &[Engine::Sqlite],
        Engine::Postgres => &[Engine::Postgres],
    };
    let mut context = context(&args.place, args.quick)?;
    // Whether it is there at all shows now, not in ten minutes.
    if engines.contains(&Engine::Postgres) {
        drop(Cluster::start(&args.place.scratch)?);
    }
    raise_files();
    let this = this_run(&args.place.scratch);
    eprintln!("limits of the machine: {}", this.machine);
    let (limits, found) = Limits::measure(&args.place.scratch, args.quick)?;
    context.limits = limits;
    keep(args, &this, "limits", "", &found)?;
    let mut failed = Vec::new();
    for engine in engines {
        let (name, suffix) =
            if *engine == Engine::Sqlite { ("sqlite", "") } else { ("postgres", "_postgres") };
        for scenario in &chosen {
            if *engine == Engine::Postgres && args.engine == Engine::Both && !scenario.on_postgres {
                continue;
            }
            eprintln!("{} on {name}", scenario.name);
            context.cluster = match engine {
                Engine::Postgres => Some(Cluster::start(&args.place.scratch)?),
                _ => None,
            };
            let begin = micros();
            match (scenario.run)(&context) {
                Ok(found) => {
                    let found: Vec<Figure> =
                        found.into_iter().map(|figure| figure.suffixed(suffix)).collect();
                    eprintln!("  {:.0} s", (micros() - begin) as f64 / 1e6);
                    keep(args, &this, scenario.name, name, &found)?;
                }
                Err(why) => {
                    eprintln!("  failed: {why}");
                    failed.push(format!("{} on {name}: {why}", scenario.name));
                }
            }
        }
    }
    if !args.quick {
        write_table(&args.files, Some(&this))?;
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }
}

fn chosen(args: &RunArgs) -> Result<Vec<&'static Scenario>, String> {
    if args.all {
        return Ok(ALL.iter().collect());
    }
    let find = |name: &String| {
        let found = ALL.iter().find(|scenario| scenario.name == *name);
        found.ok_or_else(|| {
            let names: Vec<_> = ALL.iter().map(|scenario| scenario.name).collect();
            format!("no scenario {name:?}; there are {}", names.join(", "))
        })
    };
    let chosen: Vec<_> = args.names.iter().map(find).collect::<Result<_, _>>()?;
    if chosen.is_empty() { Err("which? Names of scenarios, or --all".to_owned()) } else { Ok(chosen) }
}

fn context(place: &Place, quick: bool) -> Result<Context, String> {
    if !place.server.is_file() {
        return Err(format!("no server at {}: build it, or say where with --server", place.server.display()));
    }
    fs::create_dir_all(&place.scratch).map_err(|why| format!("{}: {why}", place.scratch.display()))?;
    let absolute = |path: &Path| fs::canonicalize(path).map_err(|why| format!("{}: {why}", path.display()));
    let scratch = absolute(&place.scratch)?;
    Ok(Context {
        server: absolute(&place.server)?,
        shim: build_shim(&scratch)?,
        scratch,
        database: None,
        cluster: None,
        limits: Limits::default(),
        quick,
    })
}

/// Prints the figures of a scenario, and puts them into the file.
fn keep(args: &RunArgs, this: &Run, scenario: &str, engine: &str, found: &[Figure]) -> Result<(), String> {
    let values: BTreeMap<&str, f64> =
        found.iter().map(|figure| (figure.name.as_str(), figures::rounded(figure.value))).collect();
    println!("{}", serde_json::json!({ "scenario": scenario, "engine": engine, "figures": values }));
    if args.quick {
        return Ok(());
    }
    let mut results = figures::load(&args.files.results)?;
    figures::merge(&mut results, found, this);
    figures::save(&args.files.results, &results)
}

fn write_table(files: &Files, run: Option<&Run>) -> Result<(), String> {
    let results = figures::load(&files.results)?;
    let page = fs::read_to_string(&files.page).unwrap_or_else(|_| "# Figures\n".to_owned());
    let page = table::update(&page, &results, run);
    fs::write(&files.page, page).map_err(|why| format!("{}: {why}", files.page.display()))
}

fn one(args: &OneArgs) -> Result<(), String> {
    let mut context = context(&args.place, false)?;
    context.database.clone_from(&args.database);
    raise_files();
    let plan = match args.seconds {
        Some(seconds) => {
            Plan { window: args.window, warm_millis: 1000, millis: seconds * 1000, messages: None }
        }
        None => Plan { window: args.window, warm_millis: 0, millis: 0, messages: Some(args.messages) },
    };
    let outcome = delivery::measure(&context, args.pairs, plan)?;
    let each = |sum: u64| figures::rounded(sum as f64 / outcome.count);
    println!(
        "{}",
        serde_json::json!({
            "engine": if args.database.is_some() { "postgres" } else { "sqlite" },
            "pairs": args.pairs,
            "window": args.window,
            "delivered": outcome.count,
            "delivered_per_s": outcome.per_s.round(),
            "p50_ms": outcome.p50,
            "p99_ms": outcome.p99,
            "max_ms": outcome.max,
            "server_cpu_us_per_msg": each(outcome.server.cpu_us),
            "generator_cpu_us_per_msg": each(outcome.generator.cpu_us),
            "kib_written_per_msg": each(outcome.written / 1024),
            "flushes_per_msg": figures::rounded(outcome.flushes_each),
            "server_cpu_us_per_msg_settled": figures::rounded(outcome.settled.cpu_us as f64 / outcome.all),
            "kib_written_per_msg_settled": figures::rounded(outcome.settled.written as f64 / outcome.all / 1024.0),
            "settle_s": figures::rounded(outcome.rest_seconds),
            "came_to_rest": outcome.came_to_rest,
            "peak_mib": outcome.memory.peak / 1024,
        })
    );
    Ok(())
}

/// Lets this process, and the servers that it starts, have as many connections as are measured.
fn raise_files() {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let hard = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().nth(1)?.parse().ok());
    let files = hard.unwrap_or(FILES).min(FILES);
    let (pid, wanted) = (std::process::id().to_string(), format!("--nofile={files}:"));
    let raised = Command::new("prlimit").args(["--pid", &pid, &wanted]).status();
    if files < FILES_MIN || !raised.is_ok_and(|status| status.success()) {
        eprintln!("open files are limited to {files}: 10,000 connections do not fit");
    }
}

fn this_run(scratch: &Path) -> Run {
    let ask = |program: &str, args: &[&str]| {
        let output = Command::new(program).args(args).output().ok().filter(|output| output.status.success());
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).unwrap_or_default().1;
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok());
    let gib = kib.unwrap_or(0_u64) >> 20;
    let files = ask("stat", &["-f", "-c", "%T", &scratch.to_string_lossy()]);
    let changes =
        if ask("git", &["status", "--porcelain", "--untracked-files=no"]).is_empty() { "" } else { "+" };
    Run {
        date: ask("date", &["-u", "+%Y-%m-%d"]),
        commit: format!("{}{changes}", ask("git", &["rev-parse", "--short", "HEAD"])),
        machine: format!("{cores} cores ({model}), {gib} GiB, {files}; load generator on the same cores"),
    }
}
