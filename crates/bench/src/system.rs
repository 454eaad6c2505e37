//! The system's clock, randomness and tasks.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::testing::SeededRandom;
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

/// Random enough for padding, identifiers and keys of a server that lives for a minute, and without a system call.
pub struct FastRandom(SeededRandom);

impl FastRandom {
    #[expect(clippy::new_without_default, reason = "two of them differ")]
    pub fn new() -> Self {
        let mut seed = [0; 8];
        SystemRandom.fill(&mut seed);
        Self(SeededRandom::new(u64::from_le_bytes(seed)))
    }
}

impl Random for FastRandom {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }
}

pub struct Runtime(pub Handle);

impl Spawn for Runtime {
    fn spawn(&self, task: BoxFuture<()>) {
        self.0.spawn(task);
    }
}
