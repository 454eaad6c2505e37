//! One suite for both engines.

mod backup;
mod crash;
mod deletions;
mod events;
mod examine;
mod keys;
mod schema;
mod support;
mod transactions;
mod vault;
mod words;
