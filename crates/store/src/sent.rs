//! What became of a send, by its `random_id`: a repetition of the request is answered with it, and nothing is
//! sent twice. The table is for messages that are gone already; the others answer for themselves.

use domain::{Time, UserId};

use crate::{StoreError, Tx, Value};

const INSERT: &str = "INSERT INTO sent (owner, random_id, message_id, pts, date) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (owner, random_id) DO NOTHING";
const SELECT: &str = "SELECT id, pts FROM messages WHERE owner = $1 AND random_id = $2 \
     UNION ALL SELECT message_id, pts FROM sent WHERE owner = $1 AND random_id = $2 \
     UNION ALL SELECT id, CAST(NULL AS BIGINT) FROM scheduled WHERE owner = $1 AND random_id = $2";
const EXPIRED: &str = "DELETE FROM sent WHERE (owner, random_id) IN \
     (SELECT owner, random_id FROM sent WHERE date < $1 ORDER BY date LIMIT $2)";

/// What a request with a `random_id` made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// A message, and the `pts` at which it came into its sender's box.
    Message { id: i32, pts: i32 },
    /// A message for later.
    Scheduled { id: i32 },
}

/// Remembers what a request of `owner` made, from `date` on.
pub fn remember(
    tx: &mut Tx<'_>,
    owner: UserId,
    random_id: i64,
    made: Made,
    date: Time,
) -> Result<(), StoreError> {
    let (id, pts) = match made {
        Made::Message { id, pts } => (id, Some(pts)),
        Made::Scheduled { id } => (id, None),
    };
    let values = [
        Value::Int(owner.0),
        Value::Int(random_id),
        Value::Int(id.into()),
        Value::opt_int(pts.map(i64::from)),
        Value::Int(date.secs()),
    ];
    tx.defer(INSERT, &values)
}

/// What a request of `owner` made, whether it is there or gone; of a message and one that still waits, the
/// message.
pub fn find(tx: &mut Tx<'_>, owner: UserId, random_id: i64) -> Result<Option<Made>, StoreError> {
    let mut found = None;
    for row in tx.query(SELECT, &[Value::Int(owner.0), Value::Int(random_id)])? {
        let id = row.int32(0)?;
        if row.opt_int(1)?.is_some() {
            return Ok(Some(Made::Message { id, pts: row.int32(1)? }));
        }
        found = Some(Made::Scheduled { id });
    }
    Ok(found)
}

/// Forgets what was made before `before`, at most `limit`.
pub fn delete_expired(tx: &mut Tx<'_>, before: Time, limit: i64) -> Result<u64, StoreError> {
    tx.execute(EXPIRED, &[Value::Int(before.secs()), Value::Int(limit)])
}
