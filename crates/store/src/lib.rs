//! The store: one logical SQL database on either of two engines, and the vault that seals what is
//! in it.
//!
//! SQL is written once, in the subset both engines understand, as constants at the top of a noun's
//! file; a noun's functions take a [`Tx`]. Rules that keep it portable: placeholders are `$1`, types
//! are BIGINT, TEXT and BLOB, upserts are `ON CONFLICT`, `RETURNING` is fine, sums are cast
//! (`CAST(SUM(x) AS BIGINT)`), lists of ids go through [`Tx::query_each`].
//!
//! Invariants: no row leaves this crate but through a [`Tx`]; nothing of a user is stored unsealed
//! unless [`catalogue`] says why; no error or log line holds a value of a row.

pub mod backup;
pub mod catalogue;
mod changes;
mod engine;
mod error;
pub mod limits;
mod migrations;
mod store;
mod tx;
mod value;
mod vault;

// One noun a file.
pub mod auth_keys;
pub mod between;
pub mod boxes;
pub mod codes;
pub mod contacts;
pub mod deletions;
pub mod dialogs;
pub mod events;
pub mod facts;
pub mod found;
pub mod histories;
pub mod login_tokens;
pub mod messages;
pub mod notify;
pub mod portraits;
pub mod privacy;
pub mod reactions;
pub mod saved;
pub mod scheduled;
pub mod sent;
pub mod settings;
pub mod shreds;
pub mod users;
pub mod words;

pub use changes::{Changes, Stamp};
pub use error::StoreError;
pub use store::{CommitFate, Committed, Database, Faults, Store, StoreConfig, Subscriber, Work};
pub use tx::Tx;
pub use value::{Row, Value};
pub use vault::{Hashes, KeyFile, Owner, RootKeys, RowKey, SEAL_OVERHEAD, Vault};
