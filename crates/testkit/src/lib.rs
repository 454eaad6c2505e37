//! What tests of several crates share: servers of their own, fixtures.

pub mod postgres;
#[cfg(feature = "world")]
pub mod world;
