//! Stretches of a dialog's messages, without what they say: for deleting, reading and pinning.

use domain::{Peer, Time, UserId};

use crate::messages::{self, Message, Twin};
use crate::{StoreError, Tx, Value, reactions, words};

const SLICE: &str = "SELECT id FROM messages WHERE owner = $1 AND peer = $2 AND id <= $3 AND date > $4 \
     AND date < $5 ORDER BY id DESC LIMIT $6";
const COUNT: &str = "SELECT COUNT(*) FROM messages WHERE owner = $1 AND peer = $2 AND id <= $3 AND date > $4 \
     AND date < $5";
const TWIN: &str = "SELECT owner, id FROM messages WHERE owner = $1 AND id = $2 AND twin = $3 \
     AND NOT EXISTS (SELECT 1 FROM deletions WHERE user_id = $1)";
const AUTHORS_LAST: &str = "SELECT theirs.id FROM messages AS seen JOIN messages AS theirs \
     ON theirs.owner = $2 AND theirs.id = seen.twin AND theirs.twin = seen.id WHERE seen.owner = $1 AND seen.peer = $2 AND seen.id > $3 AND seen.id <= $4 AND seen.from_id = $2 \
     AND NOT EXISTS (SELECT 1 FROM deletions WHERE user_id = $2) ORDER BY seen.id DESC LIMIT 1";
const STAMP_READ: &str = "UPDATE messages SET read_at = $5 WHERE owner = $1 AND peer = $2 AND id > $3 \
     AND id <= $4 AND from_id = $1";
const READ_AT: &str = "SELECT read_at FROM messages WHERE owner = $1 AND id = $2";
// The condition on the flag is written as in the index, so that both engines see that it applies.
const PINNED: &str = "SELECT id FROM messages WHERE owner = $1 AND peer = $2 AND (flags & 2) = 2 \
     ORDER BY id DESC LIMIT $3";
const PINNED_COUNT: &str = "SELECT COUNT(*) FROM messages WHERE owner = $1 AND peer = $2 AND (flags & 2) = 2";
const BLANK: &str = "UPDATE messages SET content = $3, flags = $4, twin = NULL, reply_to = NULL, edit_date = NULL, \
     expires_at = NULL, read_at = NULL WHERE owner = $1 AND id = $2";

/// Which messages of a dialog are meant.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// The highest id.
    pub max_id: i32,
    /// Only what is younger.
    pub after: Option<Time>,
    /// Only what is older.
    pub before: Option<Time>,
}

/// Ids of a stretch, newest first.
pub fn slice(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    stretch: Stretch,
    limit: i64,
) -> Result<Vec<i32>, StoreError> {
    let [a, b, c, d, e] = values(owner, peer, stretch);
    let rows = tx.query(SLICE, &[a, b, c, d, e, Value::Int(limit)])?;
    rows.iter().map(|row| row.int32(0)).collect()
}

/// How many messages a stretch has.
pub fn count(tx: &mut Tx<'_>, owner: UserId, peer: Peer, stretch: Stretch) -> Result<i64, StoreError> {
    tx.query_opt(COUNT, &values(owner, peer, stretch))?.map_or(Ok(0), |row| row.int(0))
}

/// Where the other copies of messages are, as far as they are there.
pub fn twins(tx: &mut Tx<'_>, twins: &[Twin]) -> Result<Vec<(UserId, i32)>, StoreError> {
    let keys: Vec<_> = twins.iter().map(Twin::values).collect();
    let sets: Vec<&[Value<'_>]> = keys.iter().map(|key| key.as_slice()).collect();
    let rows = tx.query_each(TWIN, &sets)?;
    rows.iter().map(|row| Ok((UserId(row.int(0)?), row.int32(1)?))).collect()
}

/// Of what `partner` wrote to `reader` with ids above `from`, up to `to` in the reader's box: the id that
/// the last one has in the partner's own box, as far as they have kept it.
pub fn authors_last(
    tx: &mut Tx<'_>,
    reader: UserId,
    partner: UserId,
    from: i32,
    to: i32,
) -> Result<Option<i32>, StoreError> {
    let values =
        [Value::Int(reader.0), Value::Int(partner.0), Value::Int(from.into()), Value::Int(to.into())];
    tx.query_opt(AUTHORS_LAST, &values)?.map(|row| row.int32(0)).transpose()
}

/// Notes on the owner's own messages to `peer` with ids above `from`, up to `to`, that they are read now.
pub fn stamp_read(tx: &mut Tx<'_>, owner: UserId, peer: Peer, from: i32, to: i32) -> Result<(), StoreError> {
    let values = [
        Value::Int(owner.0),
        Value::Int(peer.key()),
        Value::Int(from.into()),
        Value::Int(to.into()),
        Value::Int(tx.now().secs()),
    ];
    tx.defer(STAMP_READ, &values)
}

/// When the other side read a message of the owner's.
pub fn read_at(tx: &mut Tx<'_>, owner: UserId, id: i32) -> Result<Option<Time>, StoreError> {
    let row = tx.query_opt(READ_AT, &[Value::Int(owner.0), Value::Int(id.into())])?;
    Ok(row.map(|row| row.opt_int(0)).transpose()?.flatten().map(Time::from_secs))
}

/// Ids of a dialog's pinned messages, newest first.
pub fn pinned(tx: &mut Tx<'_>, owner: UserId, peer: Peer, limit: i64) -> Result<Vec<i32>, StoreError> {
    let rows = tx.query(PINNED, &[Value::Int(owner.0), Value::Int(peer.key()), Value::Int(limit)])?;
    rows.iter().map(|row| row.int32(0)).collect()
}

/// How many messages of a dialog are pinned.
pub fn pinned_count(tx: &mut Tx<'_>, owner: UserId, peer: Peer) -> Result<i64, StoreError> {
    let row = tx.query_opt(PINNED_COUNT, &[Value::Int(owner.0), Value::Int(peer.key())])?;
    row.map_or(Ok(0), |row| row.int(0))
}

/// Puts a service message's content where a message was, and cuts it off from its copies.
pub fn blank(tx: &mut Tx<'_>, message: &Message, content: &[u8]) -> Result<(), StoreError> {
    tx.altered(message.owner, message.id);
    let sealed = messages::seal(tx, message.owner, message.id, content)?;
    let values = [
        Value::Int(message.owner.0),
        Value::Int(message.id.into()),
        Value::Blob(&sealed),
        Value::Int(messages::flag::SERVICE),
    ];
    tx.execute(BLANK, &values)?;
    reactions::delete_of_message(tx, message.owner, message.id)?;
    words::forget(tx, message.owner, message.id)?;
    Ok(())
}

fn values(owner: UserId, peer: Peer, stretch: Stretch) -> [Value<'static>; 5] {
    [
        Value::Int(owner.0),
        Value::Int(peer.key()),
        Value::Int(stretch.max_id.into()),
        Value::Int(stretch.after.map_or(i64::MIN, Time::secs)),
        Value::Int(stretch.before.map_or(i64::MAX, Time::secs)),
    ]
}
