//! What a seed does, written down before it is done, so that parts of it can be left out.

use crate::network::Weather;
use crate::ops;
use crate::random::Rng;

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Milliseconds after the one before.
    pub wait: i64,
    pub what: What,
    /// Makes the choices inside of it, so that it does not depend on how many steps came before.
    pub seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Somebody does something: the place in `ops::TABLE`.
    Operation(usize),
    Fault(Fault),
}

/// What breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The next commit is lost.
    CommitFails,
    /// The next commit is stored, and all who wrote are told that it failed.
    CommitUnheard,
    /// The process ends between the next commit and its answers.
    CrashAfterCommit,
    /// The process ends now.
    Crash,
    /// Commits wait.
    SlowDisk,
    /// A connection is lost.
    Cut,
    /// A connection carries nothing any more, and nobody knows.
    Silence,
}

/// A whole run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    pub weather: Weather,
    pub steps: Vec<Step>,
}

const NETWORK_FAULTS: &[Fault] = &[Fault::Cut, Fault::Silence];
const DISK_FAULTS: &[Fault] = &[
    Fault::CommitFails,
    Fault::CommitUnheard,
    Fault::CrashAfterCommit,
    Fault::Crash,
    Fault::SlowDisk,
    Fault::SlowDisk,
];

impl Plan {
    /// The plan of a seed. Every fourth seed has fair weather and a sound disk: there, nothing may go
    /// missing even for a while.
    pub fn of(seed: u64, steps: usize) -> Self {
        let rng = Rng::new(seed ^ 0x706c_616e);
        let is_calm = seed.is_multiple_of(4);
        let latency = rng.millis(5, 120);
        let weather = if is_calm {
            Weather { latency, jitter: rng.millis(0, 100), ..Weather::default() }
        } else {
            Weather {
                latency,
                jitter: rng.millis(0, 600),
                reorder: rng.chance(300),
                duplicates: if rng.chance(500) { rng.below(100) } else { 0 },
                cuts: if rng.chance(500) { rng.below(15) } else { 0 },
                silences: if rng.chance(300) { rng.below(8) } else { 0 },
            }
        };
        let network = if is_calm { 0 } else { rng.below(60) };
        let disk = if is_calm || rng.chance(400) { 0 } else { rng.below(80) };
        let steps = (0..steps).map(|_| {
            let what = if rng.chance(network) {
                What::Fault(*rng.pick(NETWORK_FAULTS).unwrap_or(&Fault::Cut))
            } else if rng.chance(disk) {
                What::Fault(*rng.pick(DISK_FAULTS).unwrap_or(&Fault::SlowDisk))
            } else {
                What::Operation(ops::choose(&rng))
            };
            // Most follow close on each other, so that they meet on the way.
            let wait = if rng.chance(800) { rng.millis(0, 150) } else { rng.millis(150, 4000) };
            Step { wait, what, seed: rng.u64() }
        });
        Self { seed, weather, steps: steps.collect() }
    }

    /// A plan by hand: names of operations and faults, each with the milliseconds that pass before it.
    ///
    /// # Panics
    /// When there is no such operation or fault.
    pub fn written(seed: u64, weather: Weather, steps: &[(i64, &str)]) -> Self {
        let rng = Rng::new(seed);
        let steps = steps.iter().map(|(wait, name)| {
            let operation =
                ops::TABLE.iter().position(|operation| operation.name == *name).map(What::Operation);
            let mut faults = NETWORK_FAULTS.iter().chain(DISK_FAULTS);
            let fault = || faults.find(|fault| format!("{fault:?}") == *name).copied().map(What::Fault);
            let what = operation.or_else(fault).unwrap_or_else(|| panic!("nothing is called {name}"));
            Step { wait: *wait, what, seed: rng.u64() }
        });
        Self { seed, weather, steps: steps.collect() }
    }

    /// Nothing is lost, doubled or overtaken, and nothing breaks.
    pub fn is_calm(&self) -> bool {
        self.weather.is_calm() && self.steps.iter().all(|step| matches!(step.what, What::Operation(_)))
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "seed {}, {:?}", self.seed, self.weather)?;
        for step in &self.steps {
            match step.what {
                What::Operation(at) => writeln!(f, "  after {:>4} ms {}", step.wait, ops::TABLE[at].name)?,
                What::Fault(fault) => writeln!(f, "  after {:>4} ms {fault:?}", step.wait)?,
            }
        }
        Ok(())
    }
}
