//! The chat with oneself by where its messages were saved from: one dialog for each.

use domain::{Peer, UserId};

use crate::histories::Stretch;
use crate::{Row, StoreError, Tx, Value};

const FILE: &str = "UPDATE messages SET saved_peer = $3 WHERE owner = $1 AND id = $2";
// The condition is written as in the index, so that both engines see that it applies.
const TOPS: &str = "SELECT saved_peer, MAX(id) AS top FROM messages WHERE owner = $1 AND saved_peer IS NOT NULL \
     GROUP BY saved_peer ORDER BY top DESC";
const TOP: &str = "SELECT id FROM messages WHERE owner = $1 AND saved_peer = $2 AND saved_peer IS NOT NULL \
     ORDER BY id DESC LIMIT 1";
const IDS: &str = "SELECT id FROM messages WHERE owner = $1 AND saved_peer = $2 AND saved_peer IS NOT NULL \
     ORDER BY id DESC LIMIT $3";
const SLICE: &str = "SELECT id FROM messages WHERE owner = $1 AND saved_peer = $2 AND saved_peer IS NOT NULL \
     AND id <= $3 AND date > $4 AND date < $5 ORDER BY id DESC LIMIT $6";

/// Files a message of the chat with oneself under the dialog that it was saved from; what was written there
/// is filed under the owner.
pub fn file(tx: &mut Tx<'_>, owner: UserId, id: i32, from: Peer) -> Result<(), StoreError> {
    tx.defer(FILE, &[Value::Int(owner.0), Value::Int(id.into()), Value::Int(from.key())])
}

/// Every such dialog with its newest message, latest first.
pub fn tops(tx: &mut Tx<'_>, owner: UserId) -> Result<Vec<(Peer, i32)>, StoreError> {
    let rows = tx.query(TOPS, &[Value::Int(owner.0)])?;
    rows.iter().map(|row| Ok((peer(row)?, row.int32(1)?))).collect()
}

/// The newest message of one dialog.
pub fn top(tx: &mut Tx<'_>, owner: UserId, from: Peer) -> Result<Option<i32>, StoreError> {
    let row = tx.query_opt(TOP, &[Value::Int(owner.0), Value::Int(from.key())])?;
    row.map(|row| row.int32(0)).transpose()
}

/// Ids of one dialog, newest first.
pub fn ids(tx: &mut Tx<'_>, owner: UserId, from: Peer, limit: i64) -> Result<Vec<i32>, StoreError> {
    let rows = tx.query(IDS, &[Value::Int(owner.0), Value::Int(from.key()), Value::Int(limit)])?;
    rows.iter().map(|row| row.int32(0)).collect()
}

/// Ids of a stretch of one dialog, newest first.
pub fn slice(
    tx: &mut Tx<'_>,
    owner: UserId,
    from: Peer,
    stretch: Stretch,
    limit: i64,
) -> Result<Vec<i32>, StoreError> {
    let values = [
        Value::Int(owner.0),
        Value::Int(from.key()),
        Value::Int(stretch.max_id.into()),
        Value::Int(stretch.after.map_or(i64::MIN, domain::Time::secs)),
        Value::Int(stretch.before.map_or(i64::MAX, domain::Time::secs)),
        Value::Int(limit),
    ];
    tx.query(SLICE, &values)?.iter().map(|row| row.int32(0)).collect()
}

fn peer(row: &Row) -> Result<Peer, StoreError> {
    Peer::from_key(row.int(0)?).ok_or_else(|| StoreError::corrupt("messages", "saved_peer"))
}
