//! A database that does not work: the operator is told when it begins, now and then while it lasts, and when it is
//! over, however many calls it meets.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{Repeats, SharedClock, Time};
use meters::{Gauge, Stopwatch};

use crate::{StoreError, limits};

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

/// What lies between two tries to reach a database that fails: nothing after the first failure, then longer and
/// longer, so that a database that stays away keeps neither the processor nor the disk busy.
#[derive(Default)]
pub(crate) struct Pause {
    millis: u64,
    since: Option<Stopwatch>,
}

impl Pause {
    /// After another failure: begins anew, twice as long.
    pub(crate) fn lengthen(&mut self) {
        self.millis = match self.since {
            None => 0,
            Some(_) => (self.millis * 2).clamp(limits::RETRY_MS_MIN, limits::RETRY_MS_MAX),
        };
        self.since = Some(Stopwatch::start());
    }

    /// Milliseconds that are left.
    pub(crate) fn left(&self) -> u64 {
        self.since.map_or(0, |since| self.millis.saturating_sub(since.micros() / 1000))
    }

    pub(crate) fn is_over(&self) -> bool {
        self.left() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound() {
        let mut pause = Pause::default();
        assert!(pause.is_over());
        let lengths: Vec<u64> = (0..9)
            .map(|_| {
                pause.lengthen();
                pause.millis
            })
            .collect();
        assert_eq!(lengths, [0, 50, 100, 200, 400, 800, 1000, 1000, 1000]);
        assert!((500..=1000).contains(&pause.left()) && !pause.is_over());
    }
}
