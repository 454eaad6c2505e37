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
    CREATE INDEX IF NOT EXISTS data_keys_forgotten ON data_keys (kind, id) WHERE substr(wrapped, 1, 1) = x'00';
    CREATE TABLE IF NOT EXISTS identity (seq INTEGER PRIMARY KEY, id BLOB NOT NULL, proof BLOB NOT NULL);";
const LOAD: &str = "SELECT wrapped FROM data_keys WHERE kind = ?1 AND id = ?2";
const INSERT: &str =
    "INSERT INTO data_keys (kind, id, wrapped, created_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
const ERASE: &str = "UPDATE data_keys SET wrapped = zeroblob(length(wrapped)) WHERE kind = ?1 AND id = ?2";
// A key begins with the version of its seal, which is never 0; a forgotten one is all zeroes.
const FORGOTTEN: &str = "SELECT id FROM data_keys WHERE kind = ?1 AND id > ?2 AND substr(wrapped, 1, 1) = x'00' \
     ORDER BY id LIMIT ?3";

/// How long emptying the log waits for whoever reads it, such as a backup. All writes wait meanwhile.
const EMPTYING_MS: u64 = 50;

pub(super) struct SqliteKeys {
    writer: Mutex<Writer>,
    reader: Mutex<Connection>,
}

struct Writer {
    connection: Connection,
    /// Keys were created that no [`KeyTable::flush`] has made durable: a transaction is open, unless a failure such
    /// as a full disk has ended it, and then they are lost.
    pending: bool,
}

impl Writer {
    fn begin(&mut self) -> Result<(), StoreError> {
        if !self.connection.is_autocommit() {
            return Ok(());
        }
        if self.pending {
            return Err(lost());
        }
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(failure)?;
        self.pending = true;
        Ok(())
    }

    /// Makes what is pending durable.
    ///
    /// Errors: [`StoreError::Unavailable`] when keys were lost that callers have been given.
    fn commit(&mut self) -> Result<(), StoreError> {
        if !std::mem::take(&mut self.pending) {
            return Ok(());
        }
        if self.connection.is_autocommit() {
            return Err(lost());
        }
        let outcome = self.connection.execute_batch("COMMIT").map_err(failure);
        if outcome.is_err() && !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK").map_err(failure)?;
        }
        outcome
    }
}

fn lost() -> StoreError {
    StoreError::unavailable("new data keys were lost")
}

impl SqliteKeys {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let writer = connect(path)?;
        writer.execute_batch(SCHEMA).map_err(failure)?;
        let writer = Writer { connection: writer, pending: false };
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

fn lock<T>(connection: &Mutex<T>) -> MutexGuard<'_, T> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

fn load(connection: &Connection, owner: Owner) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare(LOAD).map_err(failure)?;
    statement.query_row(owner.parts(), |row| row.get(0)).optional().map_err(failure)
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
        lock(&self.writer).connection.execute(INSERT, values).map(drop).map_err(failure)
    }

    fn load(&self, owner: Owner) -> Result<Option<Vec<u8>>, StoreError> {
        load(&lock(&self.reader), owner)
    }

    fn create(&self, owner: Owner, wrapped: &[u8], now: Time) -> Result<Vec<u8>, StoreError> {
        let mut writer = lock(&self.writer);
        writer.begin()?;
        let writer = &writer.connection;
        let (kind, id) = owner.parts();
        let added = writer.execute(INSERT, params![kind, id, wrapped, now.secs()]).map_err(failure)?;
        if added == 1 {
            return Ok(wrapped.to_vec());
        }
        load(writer, owner)?.ok_or_else(|| StoreError::corrupt("data_keys", "wrapped"))
    }

    fn flush(&self) -> Result<(), StoreError> {
        lock(&self.writer).commit()
    }

    fn forget(&self, owner: Owner) -> Result<(), StoreError> {
        let mut writer = lock(&self.writer);
        writer.commit()?;
        let writer = &writer.connection;
        writer.execute(ERASE, owner.parts()).map_err(failure)?;
        // The log still has pages with the key; empty it. The reader's lock keeps snapshots away.
        let reader = lock(&self.reader);
        writer.busy_timeout(Duration::from_millis(EMPTYING_MS)).map_err(failure)?;
        let busy = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get::<_, i64>(0));
        writer.busy_timeout(Duration::from_millis(limits::ENGINE_WAIT_MS)).map_err(failure)?;
        drop(reader);
        if busy.map_err(failure)? != 0 {
            return Err(StoreError::unavailable("the log of the data keys is in use"));
        }
        Ok(())
    }

    fn forgotten(&self, kind: i64, after: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
        let reader = lock(&self.reader);
        let mut statement = reader.prepare(FORGOTTEN).map_err(failure)?;
        let rows = statement.query_map([kind, after, limit], |row| row.get(0)).map_err(failure)?;
        rows.collect::<Result<_, _>>().map_err(failure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk that fills up undoes the whole transaction, also the keys that were created before in it: rows that
    /// are sealed with those must not become durable.
    #[test]
    fn keys_that_a_full_disk_took_are_not_taken_for_kept() {
        let folder = tempfile::tempdir().unwrap();
        let keys = SqliteKeys::open(&folder.path().join("keys")).unwrap();
        let now = Time::from_secs(1);
        let create = |id: i64| keys.create(Owner::User(id), &[7; 600], now);
        create(1).unwrap();
        let pages: i64 =
            lock(&keys.writer).connection.query_row("PRAGMA page_count", (), |row| row.get(0)).unwrap();
        lock(&keys.writer).connection.pragma_update(None, "max_page_count", pages + 2).unwrap();
        let failed = (2..1000).find(|id| create(*id).is_err()).expect("the disk is full in the end");
        assert!(create(failed + 1).is_err());
        assert!(matches!(keys.flush(), Err(StoreError::Unavailable(_))));
        assert!(keys.load(Owner::User(1)).unwrap().is_none());

        lock(&keys.writer).connection.pragma_update(None, "max_page_count", pages + 1000).unwrap();
        create(1).unwrap();
        keys.flush().unwrap();
        assert!(keys.load(Owner::User(1)).unwrap().is_some());
    }
}
