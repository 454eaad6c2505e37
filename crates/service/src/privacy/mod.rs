//! Who may see and do what.

pub mod global;
pub mod rules;
pub mod strangers;
