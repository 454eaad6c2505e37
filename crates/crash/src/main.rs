//! Kills servers, databases and disks under people who write to each other over the real protocol, and holds what
//! is there afterwards against what they were told.

mod boxes;
mod check;
mod load;
mod mirror;
mod people;
mod postgres;
mod random;
mod record;
mod report;
mod rounds;

use std::path::PathBuf;
use std::process::ExitCode;

use bench::server::{Server, Setup};
use bench::world::World;
use clap::Parser;

use crate::people::Crowd;
use crate::postgres::Cluster;
use crate::random::Dice;

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
    for engine in &args.engines {
        let cluster = (engine == "postgres").then(Cluster::new).transpose()?;
        let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
        let mut setup = Setup::new(&args.server, folder.path());
        if let Some(cluster) = &cluster {
            setup.database = Some(cluster.database("rounds", cluster.port())?);
        }
        let crowd = Crowd::gather(World::new(Server::launch(setup)?), args.people).await?;
        let outcome = rounds::run(&crowd, cluster.as_ref(), args.rounds, args.window, &dice).await;
        let refusals = crowd.record().refusals();
        let rounds =
            outcome.map_err(|why| format!("{engine}: {why}\n{}", tail(&crowd.world.server.log())))?;
        println!(
            "{engine}: {rounds:?}, down p50 {} ms, max {} ms; {refusals}",
            rounds.down_p50(),
            rounds.down_max()
        );
    }
    Ok(())
}

/// The end of a log.
fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
