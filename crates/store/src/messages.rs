//! Messages, one row per box that holds a copy.

use std::ops::Range;

use domain::{Peer, Time, UserId};

use crate::{Owner, Row, RowKey, StoreError, Tx, Value, boxes, words};

/// Ids that are looked through one by one rather than halved again.
const SCAN_IDS: i32 = 64;
const TABLE: &str = "messages";

macro_rules! columns {
    () => {
        "owner, id, peer, twin, from_id, date, edit_date, flags, random_id, reply_to, expires_at, content, pts"
    };
}

const INSERT: &str = concat!(
    "INSERT INTO messages (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, NULL, $7, $8, $9, $10, $11, $12)"
);
const INSERT_TWO: &str = concat!(
    "INSERT INTO messages (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, NULL, $7, $8, $9, $10, $11, $12), \
     ($13, $14, $15, $16, $17, $18, NULL, $19, $20, $21, $22, $23, $24)"
);
const SELECT: &str = concat!("SELECT ", columns!(), " FROM messages WHERE owner = $1 AND id = $2");
// What is left of a deleted account cannot be opened any more.
const TWIN: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM messages WHERE owner = $1 AND id = $2 AND twin = $3 \
     AND NOT EXISTS (SELECT 1 FROM deletions WHERE user_id = $1)"
);
const OUTLINE: &str = "SELECT id, peer, from_id, flags, twin, random_id, pts, date FROM messages \
     WHERE owner = $1 AND id = $2";
const HAS_WRITTEN: &str = "SELECT 1 FROM messages WHERE owner = $1 AND peer = $2 AND from_id = $1 LIMIT 1";
const DELETE: &str = "DELETE FROM messages WHERE owner = $1 AND id = $2";
const UPDATE_CONTENT: &str = "UPDATE messages SET content = $3, edit_date = $4 WHERE owner = $1 AND id = $2";
const UPDATE_FLAGS: &str = "UPDATE messages SET flags = $3 WHERE owner = $1 AND id = $2";
const OLDER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM messages WHERE owner = $1 AND peer = $2 AND id < $3 ORDER BY id DESC LIMIT $4 OFFSET $5"
);
const NEWER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM messages WHERE owner = $1 AND peer = $2 AND id >= $3 ORDER BY id LIMIT $4 OFFSET $5"
);
const BETWEEN: &str =
    concat!("SELECT ", columns!(), " FROM messages WHERE owner = $1 AND id >= $2 AND id < $3 ORDER BY id");
const BETWEEN_IN: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM messages WHERE owner = $1 AND peer = $4 AND id >= $2 AND id < $3 ORDER BY id"
);
const FIRST_FROM: &str = "SELECT id FROM messages WHERE owner = $1 AND id >= $2 ORDER BY id LIMIT 1";
const LAST_BELOW: &str = "SELECT id FROM messages WHERE owner = $1 AND id < $2 ORDER BY id DESC LIMIT 1";
const FIRST_PTS: &str = "SELECT id, pts FROM messages WHERE owner = $1 AND id >= $2 ORDER BY id LIMIT 1";
const ARRIVED_AFTER: &str = "SELECT id, pts, date FROM messages WHERE owner = $1 AND id >= $2 AND pts > $3 \
     ORDER BY id LIMIT $4";
const FIRST_SINCE: &str =
    "SELECT id FROM messages WHERE owner = $1 AND peer = $2 AND date >= $3 ORDER BY id LIMIT 1";
const COUNT: &str = "SELECT COUNT(*) FROM messages WHERE owner = $1 AND peer = $2";
const TOP: &str = "SELECT id, date FROM messages WHERE owner = $1 AND peer = $2 ORDER BY id DESC LIMIT 1";
const IDS_UP_TO: &str =
    "SELECT id FROM messages WHERE owner = $1 AND peer = $2 AND id <= $3 ORDER BY id DESC LIMIT $4";
const UNREAD: &str =
    "SELECT COUNT(*) FROM messages WHERE owner = $1 AND peer = $2 AND id > $3 AND from_id <> $1";
const DUE: &str = "SELECT owner, id FROM messages WHERE expires_at IS NOT NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2";
const NEXT_DUE: &str =
    "SELECT expires_at FROM messages WHERE expires_at IS NOT NULL ORDER BY expires_at LIMIT 1";

/// Bits of a row's `flags`.
pub mod flag {
    pub const SILENT: i64 = 1;
    pub const PINNED: i64 = 1 << 1;
    /// The owner has been mentioned and has not looked yet.
    pub const MENTIONED: i64 = 1 << 2;
    pub const MEDIA_UNREAD: i64 = 1 << 3;
    pub const HAS_REACTIONS: i64 = 1 << 4;
    /// A service message: its content is an action, not text.
    pub const SERVICE: i64 = 1 << 5;
    /// The owner had scheduled it.
    pub const FROM_SCHEDULED: i64 = 1 << 6;
    /// Somebody reacted, and the owner, who wrote it, has not looked yet.
    pub const UNREAD_REACTIONS: i64 = 1 << 7;
}

/// A message as one box holds it. `content` is the viewer-independent part as canonical TL bytes.
#[derive(Clone, Debug)]
pub struct Message {
    pub owner: UserId,
    /// Unique within the box, rising.
    pub id: i32,
    pub peer: Peer,
    /// The id that the other side's copy has in the other side's box.
    pub twin: Option<i32>,
    pub from: UserId,
    pub date: Time,
    pub edit_date: Option<Time>,
    pub flags: i64,
    /// The sender's idempotency key; on the sender's copy only.
    pub random_id: Option<i64>,
    /// Id, in this box, of the message that is answered.
    pub reply_to: Option<i32>,
    /// When the message deletes itself.
    pub expires_at: Option<Time>,
    /// The box's `pts` when the message came into it.
    pub pts: i32,
    pub content: Vec<u8>,
}

impl Message {
    /// Whether the box's owner wrote it to somebody else (messages to oneself are not "out").
    pub fn out(&self) -> bool {
        self.from == self.owner && self.peer != Peer::User(self.owner)
    }

    pub fn has(&self, flag: i64) -> bool {
        self.flags & flag != 0
    }

    /// Where the other side has it, if there is another side and nothing has cut the two off from each other.
    pub fn twin(&self) -> Option<Twin> {
        twin(self.peer, self.twin, self.id)
    }
}

/// Where another copy of a message should be.
#[derive(Clone, Copy, Debug)]
pub struct Twin {
    owner: UserId,
    id: i32,
    /// The id of the copy that says so, which the other one has to confirm.
    of: i32,
}

impl Twin {
    pub(crate) fn values(&self) -> [Value<'static>; 3] {
        [Value::Int(self.owner.0), Value::Int(self.id.into()), Value::Int(self.of.into())]
    }
}

fn twin(peer: Peer, twin: Option<i32>, of: i32) -> Option<Twin> {
    Some(Twin { owner: peer.user()?, id: twin?, of })
}

/// Errors: [`StoreError::Conflict`], here or when the closure ends, when the sender has used this `random_id`
/// before.
pub fn insert(tx: &mut Tx<'_>, message: Message) -> Result<(), StoreError> {
    let sealed = seal(tx, message.owner, message.id, &message.content)?;
    tx.defer(INSERT, &values(&message, &sealed))?;
    tx.arrived(message);
    Ok(())
}

/// [`insert`] for both copies of a message.
pub fn insert_two(tx: &mut Tx<'_>, copies: [Message; 2]) -> Result<(), StoreError> {
    if !tx.joins_rows() {
        return copies.into_iter().try_for_each(|copy| insert(tx, copy));
    }
    let [one, other] = &copies;
    let sealed =
        [seal(tx, one.owner, one.id, &one.content)?, seal(tx, other.owner, other.id, &other.content)?];
    let [a, b] = [values(one, &sealed[0]), values(other, &sealed[1])];
    tx.defer(INSERT_TWO, [a, b].as_flattened())?;
    copies.into_iter().for_each(|copy| tx.arrived(copy));
    Ok(())
}

fn values<'v>(message: &Message, sealed: &'v [u8]) -> [Value<'v>; 12] {
    [
        Value::Int(message.owner.0),
        Value::Int(message.id.into()),
        Value::Int(message.peer.key()),
        Value::opt_int(message.twin.map(i64::from)),
        Value::Int(message.from.0),
        Value::Int(message.date.secs()),
        Value::Int(message.flags),
        Value::opt_int(message.random_id),
        Value::opt_int(message.reply_to.map(i64::from)),
        Value::opt_int(message.expires_at.map(Time::secs)),
        Value::Blob(sealed),
        Value::Int(message.pts.into()),
    ]
}

pub fn get(tx: &mut Tx<'_>, owner: UserId, id: i32) -> Result<Option<Message>, StoreError> {
    let row = tx.query_opt(SELECT, &[Value::Int(owner.0), Value::Int(id.into())])?;
    row.map(|row| read(tx, &row)).transpose()
}

/// Messages of a box in the order asked for; those that are not there are left out.
pub fn many(tx: &mut Tx<'_>, owner: UserId, ids: &[i32]) -> Result<Vec<Message>, StoreError> {
    let keys: Vec<_> = ids.iter().map(|id| [Value::Int(owner.0), Value::Int((*id).into())]).collect();
    let sets: Vec<&[Value<'_>]> = keys.iter().map(|key| key.as_slice()).collect();
    let rows = tx.query_each(SELECT, &sets)?;
    read_all(tx, &rows)
}

/// What stands beside a message's content: enough to delete it by.
#[derive(Clone, Copy, Debug)]
pub struct Outline {
    pub id: i32,
    pub peer: Peer,
    pub from: UserId,
    pub flags: i64,
    /// As in [`Message`].
    pub twin: Option<i32>,
    /// As in [`Message`].
    pub random_id: Option<i64>,
    pub pts: i32,
    pub date: Time,
}

impl Outline {
    /// As of a [`Message`].
    pub fn twin(&self) -> Option<Twin> {
        twin(self.peer, self.twin, self.id)
    }
}

/// Messages of a box without their content, in the order asked for; those that are not there are left out.
pub fn outlines(tx: &mut Tx<'_>, owner: UserId, ids: &[i32]) -> Result<Vec<Outline>, StoreError> {
    let keys: Vec<_> = ids.iter().map(|id| [Value::Int(owner.0), Value::Int((*id).into())]).collect();
    let sets: Vec<&[Value<'_>]> = keys.iter().map(|key| key.as_slice()).collect();
    let rows = tx.query_each(OUTLINE, &sets)?;
    rows.iter()
        .map(|row| {
            Ok(Outline {
                id: row.int32(0)?,
                peer: Peer::from_key(row.int(1)?).ok_or_else(|| StoreError::corrupt(TABLE, "peer"))?,
                from: UserId(row.int(2)?),
                flags: row.int(3)?,
                twin: row.opt_int(4)?.map(|id| i32::try_from(id).unwrap_or_default()),
                random_id: row.opt_int(5)?,
                pts: row.int32(6)?,
                date: Time::from_secs(row.int(7)?),
            })
        })
        .collect()
}

/// Whether the owner ever wrote to the peer, as far as the box still has it.
pub fn has_written(tx: &mut Tx<'_>, owner: UserId, peer: Peer) -> Result<bool, StoreError> {
    Ok(tx.query_opt(HAS_WRITTEN, &[Value::Int(owner.0), Value::Int(peer.key())])?.is_some())
}

/// All copies of one message, in every box that still has it, in rising order of owner.
pub fn copies(tx: &mut Tx<'_>, message: Message) -> Result<Vec<Message>, StoreError> {
    let twin = message.twin();
    let mut copies = vec![message];
    if let Some(twin) = twin
        && let Some(row) = tx.query_opt(TWIN, &twin.values())?
    {
        copies.push(read(tx, &row)?);
    }
    copies.sort_by_key(|copy| copy.owner);
    Ok(copies)
}

pub fn delete(tx: &mut Tx<'_>, owner: UserId, id: i32) -> Result<(), StoreError> {
    tx.altered(owner, id);
    tx.defer(DELETE, &[Value::Int(owner.0), Value::Int(id.into())])
}

/// Puts new content into one box's copy. `edit_date` is what viewers are shown, if anything.
pub fn set_content(
    tx: &mut Tx<'_>,
    owner: UserId,
    id: i32,
    content: &[u8],
    edit_date: Option<Time>,
) -> Result<(), StoreError> {
    tx.altered(owner, id);
    let sealed = seal(tx, owner, id, content)?;
    let values = [
        Value::Int(owner.0),
        Value::Int(id.into()),
        Value::Blob(&sealed),
        Value::opt_int(edit_date.map(Time::secs)),
    ];
    tx.execute(UPDATE_CONTENT, &values)?;
    // What the search index has of the old words goes with them.
    words::forget(tx, owner, id)
}

pub fn set_flags(tx: &mut Tx<'_>, owner: UserId, id: i32, flags: i64) -> Result<(), StoreError> {
    tx.altered(owner, id);
    tx.execute(UPDATE_FLAGS, &[Value::Int(owner.0), Value::Int(id.into()), Value::Int(flags)])?;
    Ok(())
}

/// Up to `limit` messages with an id below `before`, newest first, after leaving out `skip`.
pub fn older(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    before: i32,
    skip: i64,
    limit: i64,
) -> Result<Vec<Message>, StoreError> {
    let [a, b] = [Value::Int(owner.0), Value::Int(peer.key())];
    let rows = tx.query(OLDER, &[a, b, Value::Int(before.into()), Value::Int(limit), Value::Int(skip)])?;
    read_all(tx, &rows)
}

/// Up to `limit` messages with an id of `from` or more, oldest first, after leaving out `skip`.
pub fn newer(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    from: i32,
    skip: i64,
    limit: i64,
) -> Result<Vec<Message>, StoreError> {
    let [a, b] = [Value::Int(owner.0), Value::Int(peer.key())];
    let rows = tx.query(NEWER, &[a, b, Value::Int(from.into()), Value::Int(limit), Value::Int(skip)])?;
    read_all(tx, &rows)
}

/// The lowest id in a box that is `id` or above.
pub fn first_from(tx: &mut Tx<'_>, owner: UserId, id: i32) -> Result<Option<i32>, StoreError> {
    tx.query_opt(FIRST_FROM, &[Value::Int(owner.0), Value::Int(id.into())])?
        .map(|row| row.int32(0))
        .transpose()
}

/// Id, `pts` and date of up to `limit` messages that came into a box after `pts` and are there still, in order.
pub fn arrived_after(
    tx: &mut Tx<'_>,
    owner: UserId,
    pts: i32,
    limit: i64,
) -> Result<Vec<(i32, i32, Time)>, StoreError> {
    let state = boxes::state(tx, owner)?;
    if state.pts <= pts {
        return Ok(Vec::new());
    }
    // Ids and pts rise together, and an id takes a pts: what came after is within so many ids of the end.
    let mut low = state.next_message_id.saturating_sub(state.pts - pts).max(1);
    let mut high = state.next_message_id;
    while high - low > SCAN_IDS {
        let middle = low + (high - low) / 2;
        let first = tx.query_opt(FIRST_PTS, &[Value::Int(owner.0), Value::Int(middle.into())])?;
        match first {
            Some(row) if row.int32(1)? <= pts => low = row.int32(0)? + 1,
            // Nothing from the middle up to the row that was found.
            _ => high = middle,
        }
    }
    let values = [Value::Int(owner.0), Value::Int(low.into()), Value::Int(pts.into()), Value::Int(limit)];
    let rows = tx.query(ARRIVED_AFTER, &values)?;
    rows.iter().map(|row| Ok((row.int32(0)?, row.int32(1)?, Time::from_secs(row.int(2)?)))).collect()
}

/// The highest id in a box that is below `id`.
pub fn last_below(tx: &mut Tx<'_>, owner: UserId, id: i32) -> Result<Option<i32>, StoreError> {
    tx.query_opt(LAST_BELOW, &[Value::Int(owner.0), Value::Int(id.into())])?
        .map(|row| row.int32(0))
        .transpose()
}

/// The messages of a box (of one dialog, if it is given) with these ids, lowest first.
pub fn between(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Option<Peer>,
    ids: Range<i32>,
) -> Result<Vec<Message>, StoreError> {
    let [a, b, c] = [Value::Int(owner.0), Value::Int(ids.start.into()), Value::Int(ids.end.into())];
    let rows = match peer {
        Some(peer) => tx.query(BETWEEN_IN, &[a, b, c, Value::Int(peer.key())])?,
        None => tx.query(BETWEEN, &[a, b, c])?,
    };
    read_all(tx, &rows)
}

/// The first message of a dialog that is not older than `date`.
pub fn first_since(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    date: Time,
) -> Result<Option<i32>, StoreError> {
    let values = [Value::Int(owner.0), Value::Int(peer.key()), Value::Int(date.secs())];
    tx.query_opt(FIRST_SINCE, &values)?.map(|row| row.int32(0)).transpose()
}

pub fn count(tx: &mut Tx<'_>, owner: UserId, peer: Peer) -> Result<i64, StoreError> {
    single_int(tx, COUNT, &[Value::Int(owner.0), Value::Int(peer.key())])
}

/// Id and date of the newest message of a dialog.
pub fn top(tx: &mut Tx<'_>, owner: UserId, peer: Peer) -> Result<Option<(i32, Time)>, StoreError> {
    let row = tx.query_opt(TOP, &[Value::Int(owner.0), Value::Int(peer.key())])?;
    row.map(|row| Ok((row.int32(0)?, Time::from_secs(row.int(1)?)))).transpose()
}

/// Ids of a dialog's messages up to `max_id`, newest first.
pub fn ids_up_to(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    max_id: i32,
    limit: i64,
) -> Result<Vec<i32>, StoreError> {
    let values = [Value::Int(owner.0), Value::Int(peer.key()), Value::Int(max_id.into()), Value::Int(limit)];
    tx.query(IDS_UP_TO, &values)?.iter().map(|row| row.int32(0)).collect()
}

/// How many messages of others in a dialog come after `read_up_to`.
pub fn unread(tx: &mut Tx<'_>, owner: UserId, peer: Peer, read_up_to: i32) -> Result<i64, StoreError> {
    single_int(tx, UNREAD, &[Value::Int(owner.0), Value::Int(peer.key()), Value::Int(read_up_to.into())])
}

/// Messages whose time is over, oldest first.
pub fn due(tx: &mut Tx<'_>, now: Time, limit: i64) -> Result<Vec<(UserId, i32)>, StoreError> {
    let rows = tx.query(DUE, &[Value::Int(now.secs()), Value::Int(limit)])?;
    rows.iter().map(|row| Ok((UserId(row.int(0)?), row.int32(1)?))).collect()
}

/// When the next message deletes itself.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Time>, StoreError> {
    tx.query_opt(NEXT_DUE, &[])?.map(|row| row.int(0).map(Time::from_secs)).transpose()
}

/// Reads rows that a query of whole messages returned.
pub fn read_all(tx: &mut Tx<'_>, rows: &[Row]) -> Result<Vec<Message>, StoreError> {
    rows.iter().map(|row| read(tx, row)).collect()
}

pub(crate) fn seal(tx: &mut Tx<'_>, owner: UserId, id: i32, content: &[u8]) -> Result<Vec<u8>, StoreError> {
    tx.seal(Owner::User(owner.0), TABLE, RowKey::from((owner.0, i64::from(id))), content)
}

fn single_int(tx: &mut Tx<'_>, sql: &'static str, values: &[Value<'_>]) -> Result<i64, StoreError> {
    tx.query_opt(sql, values)?.map_or(Ok(0), |row| row.int(0))
}

fn read(tx: &mut Tx<'_>, row: &Row) -> Result<Message, StoreError> {
    let owner = UserId(row.int(0)?);
    let id = row.int32(1)?;
    let key = RowKey::from((owner.0, i64::from(id)));
    let content = tx.open_sealed(Owner::User(owner.0), TABLE, key, row.blob(11)?)?;
    Ok(Message {
        owner,
        id,
        peer: Peer::from_key(row.int(2)?).ok_or_else(|| StoreError::corrupt(TABLE, "peer"))?,
        twin: row.opt_int(3)?.map(|id| i32::try_from(id).unwrap_or_default()),
        from: UserId(row.int(4)?),
        date: Time::from_secs(row.int(5)?),
        edit_date: row.opt_int(6)?.map(Time::from_secs),
        flags: row.int(7)?,
        random_id: row.opt_int(8)?,
        reply_to: row.opt_int(9)?.map(|id| i32::try_from(id).unwrap_or_default()),
        expires_at: row.opt_int(10)?.map(Time::from_secs),
        pts: row.int32(12)?,
        content,
    })
}
