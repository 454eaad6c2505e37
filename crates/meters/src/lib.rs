//! Figures of the running process: counters, gauges and histograms that whoever has something to count touches
//! directly, and the text that a Prometheus server reads ([`render`]).
//!
//! All of them are statics of the process: counting needs no handle and takes one atomic addition. No label ever
//! holds anything that came from a client: labels are names of methods that are built, of transports, and outcomes.
#![forbid(unsafe_code)]

mod methods;
mod render;
mod watch;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

pub use methods::{MethodMeter, Outcome, UNKNOWN, method};
pub use render::{render, sample};
pub use watch::Stopwatch;

/// Something that only ever grows.
pub struct Counter(AtomicU64);

impl Counter {
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    pub fn add(&self, amount: usize) {
        self.0.fetch_add(amount as u64, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Default for Counter {
    fn default() -> Self {
        Self::new()
    }
}

/// Something that goes up and down.
pub struct Gauge(AtomicI64);

impl Gauge {
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicI64::new(0))
    }

    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// One more, until what is returned is dropped.
    #[must_use]
    pub fn hold(&'static self) -> Held {
        self.0.fetch_add(1, Ordering::Relaxed);
        Held(self)
    }
}

impl Default for Gauge {
    fn default() -> Self {
        Self::new()
    }
}

/// One that a [`Gauge`] counts.
pub struct Held(&'static Gauge);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Upper bounds of a histogram's buckets, in microseconds. What is above the last is in one more bucket.
pub const BOUNDS_MICROS: [u64; 12] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 250_000, 1_000_000, 5_000_000];

/// How long something took, by the buckets of [`BOUNDS_MICROS`].
pub struct Histogram {
    /// How many fell into each bucket, not into those before.
    buckets: [AtomicU64; BOUNDS_MICROS.len() + 1],
    sum_micros: AtomicU64,
}

impl Histogram {
    #[must_use]
    pub const fn new() -> Self {
        Self {
            buckets: [const { AtomicU64::new(0) }; BOUNDS_MICROS.len() + 1],
            sum_micros: AtomicU64::new(0),
        }
    }

    pub fn observe_micros(&self, micros: u64) {
        let bucket = BOUNDS_MICROS.partition_point(|bound| *bound < micros);
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub fn count(&self) -> u64 {
        self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

// The store.
pub static COMMITS: Counter = Counter::new();
pub static COMMITS_FAILED: Counter = Counter::new();
pub static COMMIT_WRITES: Counter = Counter::new();
pub static COMMIT_SECONDS: Histogram = Histogram::new();
/// Writes that were asked for and not answered yet.
pub static WRITES_WAITING: Gauge = Gauge::new();
/// Reads that were asked for and not answered yet.
pub static READS_WAITING: Gauge = Gauge::new();
/// 1 while the last transaction that was tried was stored.
pub static DATABASE_WRITES: Gauge = Gauge::new();
/// 1 while the database can be read.
pub static DATABASE_READS: Gauge = Gauge::new();
pub static MESSAGES: Counter = Counter::new();

// The gateway.
pub static CONNECTIONS_ACCEPTED: Counter = Counter::new();
pub static CONNECTIONS_REFUSED: Counter = Counter::new();
pub static STREAMS: Gauge = Gauge::new();
pub static WEBSOCKETS: Gauge = Gauge::new();
pub static HTTP: Gauge = Gauge::new();
pub static CONNECTIONS: Gauge = Gauge::new();
pub static SESSIONS: Gauge = Gauge::new();
/// Bytes that sessions keep until they are sent and acknowledged.
pub static OUTGOING_BYTES: Gauge = Gauge::new();
/// Events of boxes that were not pushed yet.
pub static EVENTS_WAITING: Gauge = Gauge::new();
pub static HANDSHAKES: Counter = Counter::new();
pub static HANDSHAKES_FAILED: Counter = Counter::new();
pub static BYTES_IN: Counter = Counter::new();
pub static BYTES_OUT: Counter = Counter::new();
pub static PUSHES: Counter = Counter::new();
pub static PUSHES_DROPPED: Counter = Counter::new();
pub static SLOW_READERS: Counter = Counter::new();

// The process.
/// How far the server's time is ahead of the system's clock, after that was set back.
pub static CLOCK_AHEAD_SECONDS: Gauge = Gauge::new();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_as_long_as_a_bound_is_in_its_bucket() {
        let histogram = Histogram::new();
        for micros in [0, 100, 101, 5_000_000, 5_000_001] {
            histogram.observe_micros(micros);
        }
        let count = |at: usize| histogram.buckets[at].load(Ordering::Relaxed);
        assert_eq!((count(0), count(1), count(11), count(12)), (2, 1, 1, 1));
        assert_eq!(histogram.count(), 5);
        assert_eq!(histogram.sum_micros.load(Ordering::Relaxed), 10_000_202);
    }

    #[test]
    fn a_gauge_counts_what_is_held() {
        static HELD: Gauge = Gauge::new();
        let first = HELD.hold();
        let second = HELD.hold();
        assert_eq!(HELD.get(), 2);
        drop((first, second));
        assert_eq!(HELD.get(), 0);
        HELD.set(7);
        assert_eq!(HELD.get(), 7);
    }
}
