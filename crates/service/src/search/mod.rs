//! The search index: filled in the background from the event log, so that sends do not wait for it.

pub mod budget;
pub mod index;
pub mod unindexed;

pub use unindexed::Unindexed;
