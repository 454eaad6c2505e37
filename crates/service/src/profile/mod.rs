//! What people say of themselves.

pub mod update;
pub mod username;
