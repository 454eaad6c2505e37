//! Settings that follow a user to every device, by name.

use domain::UserId;

use crate::{Owner, RowKey, StoreError, Tx, Value};

const TABLE: &str = "settings";

const SELECT: &str = "SELECT value FROM settings WHERE owner = $1 AND name = $2";
const UPSERT: &str = "INSERT INTO settings (owner, name, value) VALUES ($1, $2, $3) \
     ON CONFLICT (owner, name) DO UPDATE SET value = $3";
const DELETE: &str = "DELETE FROM settings WHERE owner = $1 AND name = $2";

/// What the owner chose; `None` while the default holds.
pub fn get(tx: &mut Tx<'_>, owner: UserId, name: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(row) = tx.query_opt(SELECT, &[Value::Int(owner.0), Value::Text(name)])? else { return Ok(None) };
    StoreError::if_there(tx.open_sealed(Owner::User(owner.0), TABLE, key(owner, name), row.blob(0)?))
}

pub fn set(tx: &mut Tx<'_>, owner: UserId, name: &'static str, value: &[u8]) -> Result<(), StoreError> {
    let sealed = tx.seal(Owner::User(owner.0), TABLE, key(owner, name), value)?;
    tx.defer(UPSERT, &[Value::Int(owner.0), Value::Text(name), Value::Blob(&sealed)])
}

/// Back to the default.
pub fn clear(tx: &mut Tx<'_>, owner: UserId, name: &'static str) -> Result<(), StoreError> {
    tx.defer(DELETE, &[Value::Int(owner.0), Value::Text(name)])
}

fn key(owner: UserId, name: &str) -> RowKey {
    RowKey::from((owner.0, name))
}
