//! Facts about the server itself, by name. Nothing of anybody.

use crate::{StoreError, Tx, Value};

const SELECT: &str = "SELECT value FROM meta WHERE name = $1";
const UPSERT: &str =
    "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2";

pub fn get(tx: &mut Tx<'_>, name: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
    let row = tx.query_opt(SELECT, &[Value::Text(name)])?;
    row.map(|row| row.blob(0).map(<[u8]>::to_vec)).transpose()
}

pub fn set(tx: &mut Tx<'_>, name: &'static str, value: &[u8]) -> Result<(), StoreError> {
    tx.execute(UPSERT, &[Value::Text(name), Value::Blob(value)])?;
    Ok(())
}
