//! One suite for both engines.

mod backup;
mod crash;
mod events;
mod deletions;
mod keys;
mod schema;
mod support;
mod transactions;
mod vault;
mod words;
