//! Where wrapped data keys live: a database of their own, which backups of the rows leave out.

mod postgres;
mod sqlite;

use domain::Time;

/// What makes the tables of the data keys on PostgreSQL.
pub(crate) use self::postgres::SCHEMA as POSTGRES_KEYS;
use super::Owner;
use crate::{Database, StoreError};

/// Which table of data keys this is, and by which root key it is wrapped.
pub(super) struct Identity {
    /// A subkey of the root key.
    pub(super) proof: Vec<u8>,
    /// Random; the database of the rows remembers it.
    pub(super) id: Vec<u8>,
}

/// Wrapped data keys by owner. A forgotten key stays as a row of zeroes.
pub(super) trait KeyTable: Send + Sync {
    /// What tells this table from others; `None` in a new one.
    fn identity(&self) -> Result<Option<Identity>, StoreError>;
    fn set_identity(&self, identity: &Identity) -> Result<(), StoreError>;

    fn load(&self, owner: Owner) -> Result<Option<Vec<u8>>, StoreError>;

    /// Stores a key unless the owner has one, and gives the one that is stored. Durable after the
    /// next [`KeyTable::flush`].
    fn create(&self, owner: Owner, wrapped: &[u8], now: Time) -> Result<Vec<u8>, StoreError>;
    fn flush(&self) -> Result<(), StoreError>;

    /// Overwrites the owner's key, durably and without leaving a copy where the engine allows it.
    fn forget(&self, owner: Owner) -> Result<(), StoreError>;

    /// Ids above `after` of owners of a kind whose keys are forgotten, in rising order.
    fn forgotten(&self, kind: i64, after: i64, limit: i64) -> Result<Vec<i64>, StoreError>;
}

pub(super) fn open(database: &Database) -> Result<Box<dyn KeyTable>, StoreError> {
    Ok(match database {
        Database::Sqlite(path) => Box::new(sqlite::SqliteKeys::open(path)?),
        Database::Postgres(url) => Box::new(postgres::PostgresKeys::open(url)?),
    })
}
