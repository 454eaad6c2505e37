//! Messages: written, changed, read and found.

pub mod drafts;
pub mod erase;
pub mod notice;
pub mod schedule;
pub mod send;
pub mod timer;
pub mod write;
