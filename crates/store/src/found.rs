//! Messages by what stands beside their content: how searches narrow down without opening anything.

use domain::{Peer, Time, UserId};

use crate::{Row, StoreError, Tx, Value};

const MARK: &str = "SELECT id, peer, from_id, date, saved_peer FROM messages WHERE owner = $1 AND id = $2";
const ALL: &str = "SELECT id FROM messages WHERE owner = $1 AND (from_id = $2 OR $2 = 0) \
     AND date >= $3 AND date <= $4 ORDER BY id DESC LIMIT $5";
const ALL_IN: &str = "SELECT id FROM messages WHERE owner = $1 AND peer = $6 AND (from_id = $2 OR $2 = 0) \
     AND date >= $3 AND date <= $4 ORDER BY id DESC LIMIT $5";
// The condition on the flag is written as in the index, so that both engines see that it applies.
const PINNED: &str = "SELECT id FROM messages WHERE owner = $1 AND (flags & 2) = 2 ORDER BY id DESC LIMIT $2";

/// What searches look at beside the content.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    pub id: i32,
    pub peer: Peer,
    pub from: UserId,
    pub date: Time,
    /// Of a message in the chat with oneself: the dialog that it was saved from.
    pub saved_peer: Option<Peer>,
}

/// Who and when.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bounds {
    pub from: Option<UserId>,
    /// Not before.
    pub since: Option<Time>,
    /// Not after.
    pub until: Option<Time>,
}

impl Bounds {
    pub fn is_open(&self) -> bool {
        self.from.is_none() && self.since.is_none() && self.until.is_none()
    }

    pub fn hold(&self, mark: &Mark) -> bool {
        self.from.is_none_or(|from| mark.from == from)
            && self.since.is_none_or(|since| mark.date >= since)
            && self.until.is_none_or(|until| mark.date <= until)
    }
}

/// Marks of messages of a box, in the order asked for; those that are not there are left out.
pub fn marks(tx: &mut Tx<'_>, owner: UserId, ids: &[i32]) -> Result<Vec<Mark>, StoreError> {
    let keys: Vec<_> = ids.iter().map(|id| [Value::Int(owner.0), Value::Int((*id).into())]).collect();
    let sets: Vec<&[Value<'_>]> = keys.iter().map(|key| key.as_slice()).collect();
    tx.query_each(MARK, &sets)?.iter().map(read).collect()
}

/// Ids of a box's messages (of one dialog, if it is given) within the bounds, highest first.
pub fn within(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Option<Peer>,
    bounds: &Bounds,
    limit: i64,
) -> Result<Vec<i32>, StoreError> {
    let a = Value::Int(owner.0);
    let b = Value::Int(bounds.from.map_or(0, |from| from.0));
    let c = Value::Int(bounds.since.map_or(i64::MIN, Time::secs));
    let d = Value::Int(bounds.until.map_or(i64::MAX, Time::secs));
    let e = Value::Int(limit);
    let rows = match peer {
        Some(peer) => tx.query(ALL_IN, &[a, b, c, d, e, Value::Int(peer.key())])?,
        None => tx.query(ALL, &[a, b, c, d, e])?,
    };
    rows.iter().map(|row| row.int32(0)).collect()
}

/// Ids of all pinned messages of a box, highest first.
pub fn pinned(tx: &mut Tx<'_>, owner: UserId, limit: i64) -> Result<Vec<i32>, StoreError> {
    let rows = tx.query(PINNED, &[Value::Int(owner.0), Value::Int(limit)])?;
    rows.iter().map(|row| row.int32(0)).collect()
}

fn read(row: &Row) -> Result<Mark, StoreError> {
    Ok(Mark {
        id: row.int32(0)?,
        peer: Peer::from_key(row.int(1)?).ok_or_else(|| StoreError::corrupt("messages", "peer"))?,
        from: UserId(row.int(2)?),
        date: Time::from_secs(row.int(3)?),
        saved_peer: row.opt_int(4)?.and_then(Peer::from_key),
    })
}
