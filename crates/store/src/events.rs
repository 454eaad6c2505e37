//! The event log of each box: what happened, in the order in which devices must learn of it.
//!
//! That a message came into the box is not written here: its row says when it did. When the row goes, an event
//! takes its place, so that the log never has a hole.

use domain::{Peer, Time, UserId};

use crate::messages::{self, Outline};
use crate::{Owner, Row, RowKey, StoreError, Tx, Value, boxes};

const TABLE: &str = "events";

const INSERT: &str = "INSERT INTO events (owner, pts, sub, count, kind, date, message_id, payload) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const NEXT_SUB: &str = "SELECT COALESCE(MAX(sub), 0) + 1 FROM events WHERE owner = $1 AND pts = $2";
const AFTER: &str = "SELECT owner, pts, sub, count, kind, date, message_id, payload FROM events \
     WHERE owner = $1 AND (pts > $2 OR (pts = $2 AND sub > 0 AND date >= $3)) ORDER BY pts, sub LIMIT $4";
const AT: &str = "SELECT owner, pts, sub, count, kind, date, message_id, payload FROM events \
     WHERE owner = $1 AND pts = $2 AND sub = $3";

const CHANGES: &str = "SELECT 1 FROM events WHERE owner = $1 AND pts > $2 AND kind <> 1 LIMIT 1";
const OWNERS: &str = "SELECT owner FROM boxes WHERE owner > $1 ORDER BY owner LIMIT $2";
const OLDEST: &str = "SELECT owner, date FROM events WHERE owner = $1 ORDER BY pts, sub LIMIT 1";
const FIRST: &str = "SELECT pts, sub, date FROM events WHERE owner = $1 ORDER BY pts, sub LIMIT $2";
const PRUNE: &str = "DELETE FROM events WHERE owner = $1 AND (pts < $2 OR (pts = $2 AND sub <= $3))";

/// What an event is about, and so how it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A message came into the box. It may be gone by now.
    New { message_id: i32 },
    /// A message of the box changed.
    Edit { message_id: i32 },
    /// The draft of a dialog changed; it is shown as it is now.
    Draft { peer: Peer },
    /// A message for later is new or changed; it is shown as it is now, if it still waits.
    Scheduled { peer: Peer, id: i32 },
    /// The reactions to a message changed; they are shown as they are now, if it is still there.
    Reactions { message_id: i32 },
    /// Anything else: an update, complete, as canonical TL bytes. Nothing that somebody wrote.
    Update(Vec<u8>),
}

#[derive(Clone, Debug)]
pub struct Event {
    pub owner: UserId,
    /// The box's `pts` after this event.
    pub pts: i32,
    /// 0 for events that `pts` counts; 1, 2, … for those that only happen beside it.
    pub sub: i32,
    /// By how much `pts` rose; 0 when `sub` is not 0.
    pub count: i32,
    pub date: Time,
    pub what: What,
}

/// Where an event stands in its box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub pts: i32,
    pub sub: i32,
}

pub fn insert(tx: &mut Tx<'_>, event: &Event) -> Result<(), StoreError> {
    let (kind, message_id, payload) = match &event.what {
        What::New { message_id } => (1, Some(*message_id), None),
        What::Edit { message_id } => (2, Some(*message_id), None),
        What::Draft { peer } => (3, None, Some(place(*peer, 0))),
        What::Scheduled { peer, id } => (4, None, Some(place(*peer, *id))),
        What::Reactions { message_id } => (5, Some(*message_id), None),
        What::Update(bytes) => (0, None, Some(bytes.clone())),
    };
    let sealed = match payload {
        Some(bytes) => {
            let sealed = tx.seal(Owner::User(event.owner.0), TABLE, key(event), &bytes);
            // Nobody will ever ask what happened in the box of a deleted account.
            let Some(sealed) = StoreError::if_there(sealed)? else { return Ok(()) };
            Some(sealed)
        }
        None => None,
    };
    tx.defer(
        INSERT,
        &[
            Value::Int(event.owner.0),
            Value::Int(event.pts.into()),
            Value::Int(event.sub.into()),
            Value::Int(event.count.into()),
            Value::Int(kind),
            Value::Int(event.date.secs()),
            Value::opt_int(message_id.map(i64::from)),
            sealed.as_deref().map_or(Value::Null, Value::Blob),
        ],
    )
}

/// The next free place beside `pts` for an event that `pts` does not count.
pub fn next_sub(tx: &mut Tx<'_>, owner: UserId, pts: i32) -> Result<i32, StoreError> {
    let row = tx.query_opt(NEXT_SUB, &[Value::Int(owner.0), Value::Int(pts.into())])?;
    row.map_or(Ok(1), |row| row.int32(0))
}

/// Says in place of a message that is deleted that it had come.
pub fn insert_gone(tx: &mut Tx<'_>, owner: UserId, message: &Outline) -> Result<(), StoreError> {
    insert(tx, &arrival(owner, message.id, message.pts, message.date))
}

fn arrival(owner: UserId, message_id: i32, pts: i32, date: Time) -> Event {
    Event { owner, pts, sub: 0, count: 1, date, what: What::New { message_id } }
}

/// Events that a device at `pts` has not seen, in order. Those beside its own `pts` are repeated
/// when they are not older than `since`: they are harmless to see twice, and not to see at all is not.
pub fn after(
    tx: &mut Tx<'_>,
    owner: UserId,
    pts: i32,
    since: Time,
    limit: i64,
) -> Result<Vec<Event>, StoreError> {
    let values = [Value::Int(owner.0), Value::Int(pts.into()), Value::Int(since.secs()), Value::Int(limit)];
    let rows = tx.query(AFTER, &values)?;
    let mut events = rows.iter().map(|row| read(tx, row)).collect::<Result<Vec<_>, _>>()?;
    let arrived = messages::arrived_after(tx, owner, pts, limit)?;
    events.extend(arrived.into_iter().map(|(id, pts, date)| arrival(owner, id, pts, date)));
    events.sort_by_key(|event| (event.pts, event.sub));
    events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(events)
}

pub fn at(tx: &mut Tx<'_>, owner: UserId, position: Position) -> Result<Option<Event>, StoreError> {
    let values = [Value::Int(owner.0), Value::Int(position.pts.into()), Value::Int(position.sub.into())];
    if let Some(row) = tx.query_opt(AT, &values)? {
        return read(tx, &row).map(Some);
    }
    if position.sub != 0 {
        return Ok(None);
    }
    let arrived = messages::arrived_after(tx, owner, position.pts - 1, 1)?;
    let arrived = arrived.first().filter(|(_, pts, _)| *pts == position.pts);
    Ok(arrived.map(|(id, pts, date)| arrival(owner, *id, *pts, *date)))
}

/// Whether anything but new messages happened in a box after `pts`.
pub fn changes_since(tx: &mut Tx<'_>, owner: UserId, pts: i32) -> Result<bool, StoreError> {
    Ok(tx.query_opt(CHANGES, &[Value::Int(owner.0), Value::Int(pts.into())])?.is_some())
}

/// Owners above `after`, in rising order, with the date of the oldest event of each.
pub fn oldest(tx: &mut Tx<'_>, after: UserId, limit: i64) -> Result<Vec<(UserId, Option<Time>)>, StoreError> {
    let mut owners = Vec::new();
    for row in tx.query(OWNERS, &[Value::Int(after.0), Value::Int(limit)])? {
        owners.push((UserId(row.int(0)?), None));
    }
    let keys: Vec<_> = owners.iter().map(|(owner, _)| [Value::Int(owner.0)]).collect();
    let sets: Vec<&[Value<'_>]> = keys.iter().map(|key| key.as_slice()).collect();
    let rows = tx.query_each(OLDEST, &sets)?;
    let mut rows = rows.iter().peekable();
    for (owner, date) in &mut owners {
        // Boxes in which nothing has happened have no row.
        if let Some(row) = rows.peek()
            && row.int(0)? == owner.0
        {
            *date = Some(Time::from_secs(row.int(1)?));
            rows.next();
        }
    }
    Ok(owners)
}

/// Forgets a box's first events as far as they are older than `before`, at most `limit`. The box remembers
/// from which `pts` on its log is whole. True when there may be more.
pub fn prune(tx: &mut Tx<'_>, owner: UserId, before: Time, limit: i64) -> Result<bool, StoreError> {
    boxes::hold(tx, owner)?;
    let rows = tx.query(FIRST, &[Value::Int(owner.0), Value::Int(limit)])?;
    let mut last = None;
    for row in &rows {
        if row.int(2)? >= before.secs() {
            break;
        }
        last = Some((row.int(0)?, row.int(1)?, row));
    }
    let Some((pts, sub, row)) = last else { return Ok(false) };
    tx.execute(PRUNE, &[Value::Int(owner.0), Value::Int(pts), Value::Int(sub)])?;
    boxes::set_floor(tx, owner, row.int32(0)?)?;
    let full = i64::try_from(rows.len()).unwrap_or(i64::MAX) == limit;
    Ok(full && rows.last().is_some_and(|end| std::ptr::eq(end, row)))
}

/// What a reference to something in a dialog is sealed as.
fn place(peer: Peer, id: i32) -> Vec<u8> {
    [peer.key().to_be_bytes().as_slice(), &id.to_be_bytes()].concat()
}

fn placed(payload: &[u8]) -> Option<(Peer, i32)> {
    let (peer, id) = payload.split_first_chunk()?;
    Some((Peer::from_key(i64::from_be_bytes(*peer))?, i32::from_be_bytes(id.try_into().ok()?)))
}

fn key(event: &Event) -> RowKey {
    RowKey::from((event.owner.0, (i64::from(event.pts) << 32) | i64::from(event.sub)))
}

fn read(tx: &mut Tx<'_>, row: &Row) -> Result<Event, StoreError> {
    let message_id = row.opt_int(6)?.map(|id| i32::try_from(id).unwrap_or_default());
    let mut event = Event {
        owner: UserId(row.int(0)?),
        pts: row.int32(1)?,
        sub: row.int32(2)?,
        count: row.int32(3)?,
        date: Time::from_secs(row.int(5)?),
        what: What::Update(Vec::new()),
    };
    event.what = match (row.int(4)?, message_id, row.opt_blob(7)?) {
        (1, Some(message_id), _) => What::New { message_id },
        (2, Some(message_id), _) => What::Edit { message_id },
        (5, Some(message_id), _) => What::Reactions { message_id },
        (kind @ (0 | 3 | 4), _, Some(sealed)) => {
            let payload = tx.open_sealed(Owner::User(event.owner.0), TABLE, key(&event), sealed)?;
            match (kind, placed(&payload)) {
                (3, Some((peer, _))) => What::Draft { peer },
                (4, Some((peer, id))) => What::Scheduled { peer, id },
                (0, _) => What::Update(payload),
                _ => return Err(StoreError::corrupt(TABLE, "payload")),
            }
        }
        _ => return Err(StoreError::corrupt(TABLE, "kind")),
    };
    Ok(event)
}
