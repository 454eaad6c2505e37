//! The list of dialogs: what is pinned in it, marked, put away.

pub mod mark;
pub mod pin;
