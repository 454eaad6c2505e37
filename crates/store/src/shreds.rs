//! Data keys that are to be forgotten and may still be somewhere on the disk.

use domain::Time;

use crate::{Owner, StoreError, Tx, Value};

const WAITING: &str =
    "SELECT owner_kind, owner_id FROM shreds WHERE asked_at < $1 ORDER BY asked_at LIMIT $2";

/// Owners whose shred was asked for before `before` and has not been finished, for example because a backup was
/// reading the data keys. [`Tx::shred`] tries again.
pub fn waiting(tx: &mut Tx<'_>, before: Time, limit: i64) -> Result<Vec<Owner>, StoreError> {
    let rows = tx.query(WAITING, &[Value::Int(before.secs()), Value::Int(limit)])?;
    let owner =
        |kind, id| Owner::from_parts(kind, id).ok_or_else(|| StoreError::corrupt("shreds", "owner_kind"));
    rows.iter().map(|row| owner(row.int(0)?, row.int(1)?)).collect()
}
