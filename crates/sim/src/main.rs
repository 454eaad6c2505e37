//! `sim`: runs seeds, for a number of them or for some time, and shrinks those that fail.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use clap::Parser;
use sim::plan::Plan;
use sim::run::run;
use sim::shrink::shrink;
use sim::template::Template;

/// Runs simulated worlds until one of them breaks.
#[derive(Parser)]
struct Args {
    /// How many seeds.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first one.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// One seed only, told line by line.
    #[arg(long)]
    seed: Option<u64>,
    /// As many seeds as fit into so many hours.
    #[arg(long)]
    hours: Option<f64>,
    /// Steps of each seed.
    #[arg(long, default_value_t = 40)]
    steps: usize,
    /// Worlds at the same time, each on a thread of its own.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Go on after a seed that fails.
    #[arg(long)]
    keep_going: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let template = Template::make();
    if let Some(seed) = args.seed {
        let plan = Plan::of(seed, args.steps);
        println!("{plan}");
        let report = run(&plan, &template, true);
        println!("{report:?}");
        return if report.failure.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    many(&args, &template)
}

fn many(args: &Args, template: &Template) -> ExitCode {
    let began = now();
    let limit = args.hours.map(|hours| Duration::from_secs_f64(hours * 3600.0));
    let (next, operations, done) = (AtomicU64::new(args.from), AtomicU64::new(0), AtomicU64::new(0));
    let stop = AtomicBool::new(false);
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..args.jobs.max(1) {
            scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    let is_over = match limit {
                        Some(limit) => began.elapsed() >= limit,
                        None => seed >= args.from + args.seeds,
                    };
                    if is_over {
                        return;
                    }
                    let report = run(&Plan::of(seed, args.steps), template, false);
                    operations.fetch_add(report.operations, Ordering::SeqCst);
                    done.fetch_add(1, Ordering::SeqCst);
                    if let Some(failure) = report.failure {
                        println!("seed {seed} fails: {failure}");
                        failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(seed);
                        stop.store(!args.keep_going, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    let seconds = began.elapsed().as_secs_f64();
    let (done, operations) = (done.into_inner(), operations.into_inner());
    println!(
        "{done} seeds, {operations} operations in {seconds:.0} s: {:.1} seeds/s, {:.0} operations/s",
        done as f64 / seconds,
        operations as f64 / seconds
    );
    let failed = failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let Some(seed) = failed.iter().min() else { return ExitCode::SUCCESS };
    println!("{} failed: {failed:?}", failed.len());
    let small = shrink(&Plan::of(*seed, args.steps), template);
    println!("the smallest plan found that fails:\n{small}");
    println!("{:?}", run(&small, template, true).failure);
    println!("again: cargo run -p sim -- --seed {seed} --steps {}", args.steps);
    ExitCode::FAILURE
}

/// How long the runs take is no part of what they do.
#[expect(clippy::disallowed_methods, reason = "the time that passes outside of the simulation")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}
