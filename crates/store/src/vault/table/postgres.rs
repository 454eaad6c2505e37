//! Data keys in a PostgreSQL database of their own.

use std::sync::{Mutex, PoisonError};

use domain::Time;

use super::{Identity, KeyTable};
use crate::engine::postgres::{Postgres, PostgresSession};
use crate::engine::{Role, Session};
use crate::vault::Owner;
use crate::{Row, StoreError, Value};

pub(crate) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS data_keys (
        kind BIGINT NOT NULL, id BIGINT NOT NULL, wrapped BYTEA NOT NULL, created_at BIGINT NOT NULL,
        PRIMARY KEY (kind, id));
    CREATE INDEX IF NOT EXISTS data_keys_forgotten ON data_keys (kind, id) WHERE wrapped = '\\x00';
    CREATE TABLE IF NOT EXISTS identity (seq BIGINT PRIMARY KEY, id BYTEA NOT NULL, proof BYTEA NOT NULL);";
const LOAD: &str = "SELECT wrapped FROM data_keys WHERE kind = $1 AND id = $2";
const INSERT: &str =
    "INSERT INTO data_keys (kind, id, wrapped, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
const ERASE: &str = "UPDATE data_keys SET wrapped = '\\x00' WHERE kind = $1 AND id = $2";
const FORGOTTEN: &str =
    "SELECT id FROM data_keys WHERE kind = $1 AND id > $2 AND wrapped = '\\x00' ORDER BY id LIMIT $3";
const SELECT_IDENTITY: &str = "SELECT id, proof FROM identity WHERE seq = 1";
const INSERT_IDENTITY: &str =
    "INSERT INTO identity (seq, id, proof) VALUES (1, $1, $2) ON CONFLICT DO NOTHING";

/// Every statement commits by itself, so that nodes never wait for each other's transactions.
pub(super) struct PostgresKeys {
    engine: Postgres,
    session: Mutex<Option<PostgresSession>>,
}

impl PostgresKeys {
    pub(super) fn open(url: &str) -> Result<Self, StoreError> {
        let keys = Self { engine: Postgres::new(url)?, session: Mutex::new(None) };
        // Two nodes that start at once may both try; the second try finds the tables.
        keys.with(|session| session.script(SCHEMA))
            .or_else(|_| keys.with(|session| session.script(SCHEMA)))?;
        Ok(keys)
    }

    /// Runs `f` on the connection, which is made anew when it has broken.
    fn with<T>(
        &self,
        mut f: impl FnMut(&mut PostgresSession) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut slot = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..2 {
            let session = match &mut *slot {
                Some(session) => session,
                None => slot.insert(self.engine.session(Role::Writer)?),
            };
            let outcome = f(session);
            if !session.broken() {
                return outcome;
            }
            // The connection may have died of old age: every statement here can be run twice.
            *slot = None;
        }
        Err(StoreError::unavailable("the database of the data keys"))
    }

    fn row(&self, sql: &'static str, params: &[Value<'_>]) -> Result<Option<Row>, StoreError> {
        self.with(|session| {
            let mut rows = Vec::new();
            session.query(sql, params, &mut rows)?;
            Ok(rows.pop())
        })
    }
}

impl KeyTable for PostgresKeys {
    fn identity(&self) -> Result<Option<Identity>, StoreError> {
        let Some(row) = self.row(SELECT_IDENTITY, &[])? else { return Ok(None) };
        Ok(Some(Identity { id: row.blob(0)?.to_vec(), proof: row.blob(1)?.to_vec() }))
    }

    fn set_identity(&self, identity: &Identity) -> Result<(), StoreError> {
        let values = [Value::Blob(&identity.id), Value::Blob(&identity.proof)];
        self.with(|session| session.execute(INSERT_IDENTITY, &values)).map(drop)
    }

    fn load(&self, owner: Owner) -> Result<Option<Vec<u8>>, StoreError> {
        let (kind, id) = owner.parts();
        let row = self.row(LOAD, &[Value::Int(kind), Value::Int(id)])?;
        row.map(|row| row.blob(0).map(<[u8]>::to_vec)).transpose()
    }

    fn create(&self, owner: Owner, wrapped: &[u8], now: Time) -> Result<Vec<u8>, StoreError> {
        let (kind, id) = owner.parts();
        let values = [Value::Int(kind), Value::Int(id), Value::Blob(wrapped), Value::Int(now.secs())];
        self.with(|session| session.execute(INSERT, &values))?;
        // Another node may have been first.
        self.load(owner)?.ok_or_else(|| StoreError::corrupt("data_keys", "wrapped"))
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn forget(&self, owner: Owner) -> Result<(), StoreError> {
        let (kind, id) = owner.parts();
        self.with(|session| session.execute(ERASE, &[Value::Int(kind), Value::Int(id)]))?;
        // Removes the old version of the row; the page keeps its bytes until it is reused.
        self.with(|session| session.script("VACUUM data_keys"))
    }

    fn forgotten(&self, kind: i64, after: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
        let values = [Value::Int(kind), Value::Int(after), Value::Int(limit)];
        self.with(|session| {
            let mut rows = Vec::new();
            session.query(FORGOTTEN, &values, &mut rows)?;
            rows.iter().map(|row| row.int(0)).collect()
        })
    }
}
