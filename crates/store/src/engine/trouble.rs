//! A database that does not work: the operator is told when it begins, now and then while it lasts, and when it is
//! over, however many calls it meets.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{Repeats, SharedClock, Time};
use meters::Gauge;

use crate::StoreError;

/// What one side of the store (its writer, or all its readers) has met.
pub(crate) struct Trouble {
    clock: SharedClock,
    /// What cannot be done: "written", "read".
    verb: &'static str,
    /// 1 while it works, else 0.
    up: &'static Gauge,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    repeats: Repeats,
    since: Option<Time>,
    failures: u64,
}

impl Trouble {
    pub(crate) fn new(clock: SharedClock, verb: &'static str, up: &'static Gauge) -> Self {
        up.set(1);
        Self { clock, verb, up, state: Mutex::default() }
    }

    /// The database refused something for a reason that lies with it.
    pub(crate) fn fails(&self, error: &StoreError) {
        let (now, mut state) = (self.clock.now(), self.state());
        state.since.get_or_insert(now);
        state.failures += 1;
        self.up.set(0);
        if let Some(more) = state.repeats.note(now, &error.to_string()) {
            tracing::error!(%error, more, "the database cannot be {}", self.verb);
        }
    }

    /// The database did something.
    pub(crate) fn works(&self) {
        let mut state = self.state();
        if let Some(since) = state.since.take() {
            self.up.set(1);
            let failures = std::mem::take(&mut state.failures);
            let millis = self.clock.now().0 - since.0;
            tracing::info!(failures, millis, "the database can be {} again", self.verb);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
