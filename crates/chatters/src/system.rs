//! The system's clock and randomness: everywhere else they are arguments.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::{Clock, Random, Time};

pub(crate) struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the time comes from")]
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

pub(crate) struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // A server that goes on with bytes that are not random gives its keys away: better none at all.
        getrandom::fill(bytes).expect("the system has random bytes");
    }
}
