//! Data keys in a SQLite file.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::Time;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Identity, KeyTable};
use crate::engine::sqlite::failure;
use crate::vault::Owner;
use crate::{StoreError, limits};

/// Rows are only ever appended in the order of `seq` and changed in place, so that SQLite never
/// moves a key to another page and leaves a copy behind.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS data_keys (
        seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, id INTEGER NOT NULL,
        wrapped BLOB NOT NULL, created_at INTEGER NOT NULL);
    CREATE UNIQUE INDEX IF NOT EXISTS data_keys_owner ON data_keys (kind, id);
    CREATE TABLE IF NOT EXISTS identity (seq INTEGER PRIMARY KEY, id BLOB NOT NULL, proof BLOB NOT NULL);";
const LOAD: &str = "SELECT wrapped FROM data_keys WHERE kind = ?1 AND id = ?2";
const INSERT: &str =
    "INSERT INTO data_keys (kind, id, wrapped, created_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
const ERASE: &str = "UPDATE data_keys SET wrapped = zeroblob(length(wrapped)) WHERE kind = ?1 AND id = ?2";

pub(super) struct SqliteKeys {
    /// Between [`KeyTable::create`] and [`KeyTable::flush`] a transaction is open on it.
    writer: Mutex<Connection>,
    reader: Mutex<Connection>,
}

impl SqliteKeys {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let writer = connect(path)?;
        writer.execute_batch(SCHEMA).map_err(failure)?;
        Ok(Self { writer: Mutex::new(writer), reader: Mutex::new(connect(path)?) })
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path).map_err(failure)?;
    connection.busy_timeout(Duration::from_millis(limits::ENGINE_WAIT_MS)).map_err(failure)?;
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; \
             PRAGMA temp_store = MEMORY;",
        )
        .map_err(failure)?;
    Ok(connection)
}

fn lock(connection: &Mutex<Connection>) -> MutexGuard<'_, Connection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn load(connection: &Connection, owner: Owner) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare(LOAD).map_err(failure)?;
    statement.query_row(owner.parts(), |row| row.get(0)).optional().map_err(failure)
}

fn commit(connection: &Connection) -> Result<(), StoreError> {
    if connection.is_autocommit() {
        return Ok(());
    }
    let outcome = connection.execute_batch("COMMIT").map_err(failure);
    if outcome.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK").map_err(failure)?;
    }
    outcome
}

impl KeyTable for SqliteKeys {
    fn identity(&self) -> Result<Option<Identity>, StoreError> {
        lock(&self.reader)
            .query_row("SELECT id, proof FROM identity WHERE seq = 1", (), |row| {
                Ok(Identity { id: row.get(0)?, proof: row.get(1)? })
            })
            .optional()
            .map_err(failure)
    }

    fn set_identity(&self, identity: &Identity) -> Result<(), StoreError> {
        const INSERT: &str =
            "INSERT INTO identity (seq, id, proof) VALUES (1, ?1, ?2) ON CONFLICT DO NOTHING";
        let values = params![identity.id, identity.proof];
        lock(&self.writer).execute(INSERT, values).map(drop).map_err(failure)
    }

    fn load(&self, owner: Owner) -> Result<Option<Vec<u8>>, StoreError> {
        load(&lock(&self.reader), owner)
    }

    fn create(&self, owner: Owner, wrapped: &[u8], now: Time) -> Result<Vec<u8>, StoreError> {
        let writer = lock(&self.writer);
        if writer.is_autocommit() {
            writer.execute_batch("BEGIN IMMEDIATE").map_err(failure)?;
        }
        let (kind, id) = owner.parts();
        let added = writer.execute(INSERT, params![kind, id, wrapped, now.secs()]).map_err(failure)?;
        if added == 1 {
            return Ok(wrapped.to_vec());
        }
        load(&writer, owner)?.ok_or_else(|| StoreError::corrupt("data_keys", "wrapped"))
    }

    fn flush(&self) -> Result<(), StoreError> {
        commit(&lock(&self.writer))
    }

    fn forget(&self, owner: Owner) -> Result<(), StoreError> {
        let writer = lock(&self.writer);
        commit(&writer)?;
        writer.execute(ERASE, owner.parts()).map_err(failure)?;
        // The log still has pages with the key; empty it. The reader's lock keeps snapshots away.
        let reader = lock(&self.reader);
        let busy: i64 =
            writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0)).map_err(failure)?;
        drop(reader);
        if busy != 0 {
            return Err(StoreError::unavailable("the log of the data keys is in use"));
        }
        Ok(())
    }
}
