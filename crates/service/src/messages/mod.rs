//! Messages: written, changed, read and found.

pub mod affected;
pub mod delete;
pub mod drafts;
pub mod edit;
pub mod erase;
pub mod forward;
pub mod notice;
pub mod pin;
pub mod react;
pub mod read;
pub mod saved;
pub mod schedule;
pub mod send;
pub mod timer;
pub mod typing;
pub mod write;

pub use affected::{Affected, Progress};
