//! The system's clock, randomness and tasks.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::{BoxFuture, Clock, Random, Spawn, Time};
use tokio::runtime::Handle;

pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        Time(micros() / 1000)
    }
}

/// Microseconds since the epoch.
#[expect(clippy::disallowed_methods, reason = "a measurement takes the real time")]
pub fn micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system has random bytes");
    }
}

pub struct Runtime(pub Handle);

impl Spawn for Runtime {
    fn spawn(&self, task: BoxFuture<()>) {
        self.0.spawn(task);
    }
}
