//! Whom a user knows.

pub mod add;
pub mod block;
pub mod changes;
pub mod delete;
pub mod find;
pub mod import;
pub mod joins;
pub mod ratings;
