//! Whom a user knows.

pub mod import;
