//! Kills servers, databases and disks under people who write to each other over the real protocol, and holds what
//! is there afterwards against what they were told.

mod boxes;
mod check;
mod faults;
mod figures;
mod load;
mod mirror;
mod people;
mod postgres;
mod proxy;
mod random;
mod record;
mod report;
mod rounds;
mod shim;
mod system;

use std::path::PathBuf;
use std::process::ExitCode;

use bench::server::{Server, Setup};
use bench::world::World;
use clap::Parser;

use crate::faults::Stage;
use crate::people::Crowd;
use crate::postgres::Cluster;
use crate::random::Dice;
use crate::report::{Report, Rounds};

/// People on the server of each fault, and things that each of them does at once.
const FAULT_PEOPLE: usize = 6;
const FAULT_WINDOW: usize = 2;

/// Of every server's configuration the end: people write as fast as they are answered, and nobody is to be told to
/// wait.
const LIMITS: &str = "[limits]\nmessages_per_minute = 1000000\n";

#[derive(Parser)]
struct Args {
    /// The server's binary.
    #[arg(long, default_value = "target/debug/chatters")]
    server: PathBuf,
    /// Repeats the choices of an earlier run. What the machine does meanwhile it cannot repeat.
    #[arg(long)]
    seed: Option<u64>,
    /// Engines to kill.
    #[arg(long, value_delimiter = ',', default_value = "sqlite,postgres")]
    engines: Vec<String>,
    /// Rounds of kill -9 on each engine.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Faults to go through: names, `all` or `none`.
    #[arg(long, value_delimiter = ',', default_value = "all")]
    faults: Vec<String>,
    /// Faults in the size of the full run.
    #[arg(long)]
    full: bool,
    /// People who write.
    #[arg(long, default_value_t = 12)]
    people: usize,
    /// Things that each of them does at once.
    #[arg(long, default_value_t = 3)]
    window: usize,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let seed = args.seed.unwrap_or_else(|| bench::system::micros().cast_unsigned());
    println!("seed {seed}");
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(why) => {
            eprintln!("crash: the runtime: {why}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(&args, seed)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("crash: seed {seed}: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args, seed: u64) -> Result<(), String> {
    let dice = Dice::new(seed);
    let mut report = Report::default();
    for engine in args.engines.iter().filter(|_| args.rounds > 0) {
        let rounds = kill(args, engine, &dice).await.map_err(|why| format!("{engine}: {why}"))?;
        report.rounds.push((engine.clone(), rounds));
    }
    if args.rounds > 0 {
        println!("{}", report.rounds_table());
    }
    let stage = Stage {
        server: args.server.clone(),
        dice,
        full: args.full,
        people: FAULT_PEOPLE,
        window: FAULT_WINDOW,
    };
    let chosen = |name: &str| args.faults.iter().any(|it| it == name || it == "all");
    if let Some(name) = args
        .faults
        .iter()
        .find(|it| !["all", "none"].contains(&it.as_str()) && !faults::ALL.contains(&it.as_str()))
    {
        return Err(format!("there is no fault {name}; there are {}", faults::ALL.join(", ")));
    }
    for name in faults::ALL.iter().filter(|name| chosen(name)) {
        let fault = faults::run(name, &stage).await?;
        println!("{name}: {fault:?}");
        report.faults.push(((*name).to_owned(), fault));
    }
    println!("{}", report.faults_table());
    Ok(())
}

/// Rounds of `kill -9` on one engine.
async fn kill(args: &Args, engine: &str, dice: &Dice) -> Result<Rounds, String> {
    let cluster = match engine {
        "sqlite" => None,
        "postgres" => Some(Cluster::new()?),
        _ => return Err("there is no such engine; there are sqlite, postgres".to_owned()),
    };
    let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
    let mut setup = Setup { config: LIMITS.to_owned(), ..Setup::new(&args.server, folder.path()) };
    if let Some(cluster) = &cluster {
        setup.database = Some(cluster.database("rounds", cluster.port())?);
    }
    let crowd = Crowd::gather(World::new(Server::launch(setup)?), args.people).await?;
    let outcome = rounds::run(&crowd, cluster.as_ref(), args.rounds, args.window, dice).await;
    let outcome = outcome.map_err(|why| format!("{why}\n{}", faults::tail(&crowd.world.server.log())));
    println!("{engine}: {}", crowd.record().refusals());
    outcome
}
