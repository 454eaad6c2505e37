//! Seeds that run with every test of the workspace, and the rules of simulation itself.

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
