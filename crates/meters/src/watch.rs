//! How long something takes.

use std::time::Instant;

/// Runs from where it is made. It says how long something took and never what time it is, so nothing that is stored
/// or answered can depend on it.
#[derive(Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "a duration for figures, not a time that anything depends on"
    )]
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn micros(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}
