//! Time as an argument.

use std::sync::Arc;

/// A point in time: milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

impl Time {
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs * 1000)
    }

    /// Whole seconds since the epoch, as wide as the database keeps them.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Whole seconds since the epoch, as the wire has them (saturating in 2038, as the wire must).
    pub fn wire(self) -> i32 {
        i32::try_from(self.secs()).unwrap_or(i32::MAX)
    }

    pub const fn plus_secs(self, secs: i64) -> Self {
        Self(self.0 + secs * 1000)
    }

    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0 + millis)
    }
}

/// Where the time comes from. The one implementation that asks the system is in the binary.
pub trait Clock: Send + Sync {
    fn now(&self) -> Time;
}

pub type SharedClock = Arc<dyn Clock>;
