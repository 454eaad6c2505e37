//! Seeds that run with every test of the workspace, and the rules of simulation itself.

use sim::network::Weather;
use sim::plan::Plan;
use sim::run::run;
use sim::template::Template;

const STEPS: usize = 40;

/// A seed of each kind of weather and disk, and some more.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=60;

#[test]
fn seeds_hold() {
    let template = Template::make();
    for seed in SEEDS {
        let report = run(&Plan::of(seed, STEPS), &template, false);
        assert_eq!(report.failure, None, "again: cargo run -p sim -- --seed {seed} --steps {STEPS}");
    }
}

/// Seeds in which a send is tried again after its message was deleted: it came back once.
#[test]
fn what_was_deleted_does_not_come_back() {
    let template = Template::make();
    for seed in [370, 522] {
        assert_eq!(run(&Plan::of(seed, STEPS), &template, false).failure, None, "seed {seed}");
    }
}

#[test]
fn a_seed_always_does_the_same() {
    let template = Template::make();
    for seed in [3, 4, 6, 9] {
        let plan = Plan::of(seed, STEPS);
        assert_eq!(plan, Plan::of(seed, STEPS));
        let first = run(&plan, &template, false);
        assert_eq!(first, run(&plan, &template, false), "seed {seed} did something else the second time");
    }
    assert_ne!(Plan::of(1, STEPS), Plan::of(2, STEPS));
}

/// Runs a plan that once showed a fault of the server.
fn check(steps: &[(i64, &str)]) {
    let template = Template::make();
    for seed in 1..=4 {
        let plan = Plan::written(seed, Weather { latency: 20, ..Weather::default() }, steps);
        assert_eq!(run(&plan, &template, false).failure, None, "{plan}");
    }
}

/// A device announces its layer, and the commit that keeps it fails. Announced again, it has to be kept:
/// after a crash the device would be spoken to in a layer that it does not know.
#[test]
fn an_announcement_that_was_lost_is_taken_again() {
    let mut steps = vec![(0, "CommitFails"), (0, "sign in"), (20_000, "Crash"), (15_000, "send")];
    steps.extend([(200, "send"); 12]);
    check(&steps);
}
