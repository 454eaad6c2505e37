//! Where wrapped data keys live: a database of their own, which backups of the rows leave out.

mod postgres;
mod sqlite;

use domain::Time;

use super::Owner;
use crate::{Database, StoreError};

/// Wrapped data keys by owner. A forgotten key stays as a row of zeroes.
pub(super) trait KeyTable: Send + Sync {
    /// A proof of the root key that wraps this table's keys; `None` in a new table.
    fn root_check(&self) -> Result<Option<Vec<u8>>, StoreError>;
    fn set_root_check(&self, proof: &[u8]) -> Result<(), StoreError>;

    fn load(&self, owner: Owner) -> Result<Option<Vec<u8>>, StoreError>;

    /// Stores a key unless the owner has one, and gives the one that is stored. Durable after the
    /// next [`KeyTable::flush`].
    fn create(&self, owner: Owner, wrapped: &[u8], now: Time) -> Result<Vec<u8>, StoreError>;
    fn flush(&self) -> Result<(), StoreError>;

    /// Overwrites the owner's key, durably and without leaving a copy where the engine allows it.
    fn forget(&self, owner: Owner) -> Result<(), StoreError>;
}

pub(super) fn open(database: &Database) -> Result<Box<dyn KeyTable>, StoreError> {
    Ok(match database {
        Database::Sqlite(path) => Box::new(sqlite::SqliteKeys::open(path)?),
        Database::Postgres(url) => Box::new(postgres::PostgresKeys::open(url)?),
    })
}
