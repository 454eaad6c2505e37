//! Dialogs: what each user's list of chats shows.

use domain::{Peer, Time, UserId};

use crate::{Owner, Row, RowKey, StoreError, Tx, Value};

const TABLE: &str = "dialogs";

macro_rules! columns {
    () => {
        "owner, peer, top_message, top_date, read_inbox_max, read_outbox_max, unread_count, flags, pin_order, \
         draft, draft_date, ttl_period"
    };
}

const SELECT: &str = concat!("SELECT ", columns!(), " FROM dialogs WHERE owner = $1 AND peer = $2");
const RECEIVED: &str = "INSERT INTO dialogs (owner, peer, top_message, top_date, read_inbox_max, \
     read_outbox_max, unread_count, flags) VALUES ($1, $2, $3, $4, 0, 0, $5, 16) \
     ON CONFLICT (owner, peer) DO UPDATE SET top_message = $3, top_date = $4, \
     unread_count = dialogs.unread_count + $5";
const SENT: &str = "INSERT INTO dialogs (owner, peer, top_message, top_date, read_inbox_max, \
     read_outbox_max, unread_count, flags) VALUES ($1, $2, $3, $4, 0, 0, 0, 0) \
     ON CONFLICT (owner, peer) DO UPDATE SET top_message = $3, top_date = $4, flags = dialogs.flags & -17";
// Of a new row, flags 0 are the sender's.
const EXCHANGED: &str = "INSERT INTO dialogs (owner, peer, top_message, top_date, read_inbox_max, \
     read_outbox_max, unread_count, flags) VALUES ($1, $2, $3, $7, 0, 0, 0, 0), ($4, $5, $6, $7, 0, 0, 1, 16) \
     ON CONFLICT (owner, peer) DO UPDATE SET top_message = excluded.top_message, top_date = excluded.top_date, \
     unread_count = dialogs.unread_count + excluded.unread_count, \
     flags = CASE excluded.flags WHEN 0 THEN dialogs.flags & -17 ELSE dialogs.flags END";
const TOUCH: &str = "INSERT INTO dialogs (owner, peer, top_message, top_date, read_inbox_max, \
     read_outbox_max, unread_count, flags) VALUES ($1, $2, 0, 0, 0, 0, 0, 0) ON CONFLICT (owner, peer) DO NOTHING";
const SET_TOP: &str = "UPDATE dialogs SET top_message = $3, top_date = $4 WHERE owner = $1 AND peer = $2";
const SET_READ_INBOX: &str = "UPDATE dialogs SET read_inbox_max = $3, unread_count = $4 \
     WHERE owner = $1 AND peer = $2 AND read_inbox_max < $3";
const SET_UNREAD: &str = "UPDATE dialogs SET unread_count = $3 WHERE owner = $1 AND peer = $2";
const SET_READ_OUTBOX: &str =
    "UPDATE dialogs SET read_outbox_max = $3 WHERE owner = $1 AND peer = $2 AND read_outbox_max < $3";
const SET_FLAGS: &str = "UPDATE dialogs SET flags = $3 WHERE owner = $1 AND peer = $2";
const REACTED: &str = "UPDATE dialogs SET flags = flags | 32 WHERE owner = $1 AND peer = $2";
const SET_PIN: &str = "UPDATE dialogs SET pin_order = $3 WHERE owner = $1 AND peer = $2";
const SET_TTL: &str = "UPDATE dialogs SET ttl_period = $3 WHERE owner = $1 AND peer = $2";
const SET_DRAFT: &str = "UPDATE dialogs SET draft = $3, draft_date = $4 WHERE owner = $1 AND peer = $2";
const DELETE: &str = "DELETE FROM dialogs WHERE owner = $1 AND peer = $2";
const PAGE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM dialogs WHERE owner = $1 AND top_message > 0 AND pin_order IS NULL \
     AND (top_date < $2 OR (top_date = $2 AND top_message < $3)) \
     ORDER BY top_date DESC, top_message DESC LIMIT $4"
);
const PINNED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM dialogs WHERE owner = $1 AND pin_order IS NOT NULL ORDER BY pin_order"
);
const WITH_DRAFT: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM dialogs WHERE owner = $1 AND draft IS NOT NULL ORDER BY draft_date"
);
const UNREAD_MARKS: &str = "SELECT peer FROM dialogs WHERE owner = $1 AND (flags & 1) = 1";
const COUNT: &str = "SELECT COUNT(*) FROM dialogs WHERE owner = $1 AND top_message > 0";
const UNREAD_TOTAL: &str = "SELECT COUNT(*) FROM dialogs WHERE owner = $1 AND unread_count > 0";
const PEERS: &str =
    "SELECT peer FROM dialogs WHERE owner = $1 AND top_message > 0 ORDER BY top_date DESC LIMIT $2";

/// Bits of a row's `flags`. The SQL above knows [`flag::UNREAD_MARK`] as 1 and [`flag::UNANSWERED`] as 16,
/// [`flag::REACTED`] as 32.
pub mod flag {
    /// Marked unread by hand.
    pub const UNREAD_MARK: i64 = 1;
    /// The bar above a stranger's chat (add, block, report) was put away.
    pub const BAR_HIDDEN: i64 = 1 << 1;
    /// The other side began the dialog, and the owner has not written in it yet.
    pub const UNANSWERED: i64 = 1 << 4;
    /// There are, or were, reactions that the owner has not seen: they have to be counted.
    pub const REACTED: i64 = 1 << 5;
}

#[derive(Clone, Debug)]
pub struct Dialog {
    pub owner: UserId,
    pub peer: Peer,
    /// 0 while the dialog holds only settings.
    pub top_message: i32,
    pub top_date: Time,
    pub read_inbox_max: i32,
    pub read_outbox_max: i32,
    pub unread_count: i32,
    pub flags: i64,
    /// Place among the pinned dialogs, lowest first; `None` when not pinned.
    pub pin_order: Option<i64>,
    /// Canonical TL bytes of the draft.
    pub draft: Option<Vec<u8>>,
    /// After how many seconds new messages delete themselves.
    pub ttl_period: Option<i32>,
}

/// What a dialog looks like that has nothing in it.
pub fn empty(owner: UserId, peer: Peer) -> Dialog {
    Dialog {
        owner,
        peer,
        top_message: 0,
        top_date: Time(0),
        read_inbox_max: 0,
        read_outbox_max: 0,
        unread_count: 0,
        flags: 0,
        pin_order: None,
        draft: None,
        ttl_period: None,
    }
}

pub fn get(tx: &mut Tx<'_>, owner: UserId, peer: Peer) -> Result<Option<Dialog>, StoreError> {
    let row = tx.query_opt(SELECT, &key(owner, peer))?;
    row.map(|row| read(tx, &row)).transpose()
}

/// Somebody's message came in: it is the newest, and unread by `unread`.
pub fn received(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    message_id: i32,
    date: Time,
    unread: i32,
) -> Result<(), StoreError> {
    let [a, b] = key(owner, peer);
    let values = [a, b, Value::Int(message_id.into()), Value::Int(date.secs()), Value::Int(unread.into())];
    tx.defer(RECEIVED, &values)
}

/// [`sent`] and [`received`] in one: `from` wrote to `to`. The ids are those of each one's copy.
pub fn exchanged(
    tx: &mut Tx<'_>,
    (from, sent): (UserId, i32),
    (to, received): (UserId, i32),
    date: Time,
) -> Result<(), StoreError> {
    let (own, theirs) = (Peer::User(to), Peer::User(from));
    if !tx.joins_rows() {
        self::sent(tx, from, own, sent, date)?;
        return self::received(tx, to, theirs, received, date, 1);
    }
    let [a, b] = key(from, own);
    let [c, d] = key(to, theirs);
    let (sent, received) = (Value::Int(sent.into()), Value::Int(received.into()));
    tx.defer(EXCHANGED, &[a, b, sent, c, d, received, Value::Int(date.secs())])
}

/// The owner wrote a message: it is the newest. What is unread stays unread until a device says otherwise.
pub fn sent(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    message_id: i32,
    date: Time,
) -> Result<(), StoreError> {
    let [a, b] = key(owner, peer);
    tx.defer(SENT, &[a, b, Value::Int(message_id.into()), Value::Int(date.secs())])
}

/// Makes sure that there is a row to put settings into.
pub fn touch(tx: &mut Tx<'_>, owner: UserId, peer: Peer) -> Result<(), StoreError> {
    tx.execute(TOUCH, &key(owner, peer))?;
    Ok(())
}

pub fn set_top(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    message_id: i32,
    date: Time,
) -> Result<(), StoreError> {
    let [a, b] = key(owner, peer);
    tx.execute(SET_TOP, &[a, b, Value::Int(message_id.into()), Value::Int(date.secs())])?;
    Ok(())
}

/// Raises the mark up to which the owner has read; `false` when it stood there already.
pub fn set_read_inbox(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    max_id: i32,
    still_unread: i32,
) -> Result<bool, StoreError> {
    let [a, b] = key(owner, peer);
    let values = [a, b, Value::Int(max_id.into()), Value::Int(still_unread.into())];
    Ok(tx.execute(SET_READ_INBOX, &values)? > 0)
}

pub fn set_unread(tx: &mut Tx<'_>, owner: UserId, peer: Peer, count: i32) -> Result<(), StoreError> {
    let [a, b] = key(owner, peer);
    tx.execute(SET_UNREAD, &[a, b, Value::Int(count.into())])?;
    Ok(())
}

/// Raises the mark up to which the other side has read; `false` when it stood there already.
pub fn set_read_outbox(tx: &mut Tx<'_>, owner: UserId, peer: Peer, max_id: i32) -> Result<bool, StoreError> {
    let [a, b] = key(owner, peer);
    Ok(tx.execute(SET_READ_OUTBOX, &[a, b, Value::Int(max_id.into())])? > 0)
}

pub fn set_flags(tx: &mut Tx<'_>, owner: UserId, peer: Peer, flags: i64) -> Result<(), StoreError> {
    let [a, b] = key(owner, peer);
    tx.execute(SET_FLAGS, &[a, b, Value::Int(flags)])?;
    Ok(())
}

/// Somebody reacted to a message of the owner's.
pub fn reacted(tx: &mut Tx<'_>, owner: UserId, peer: Peer) -> Result<(), StoreError> {
    tx.defer(REACTED, &key(owner, peer))
}

pub fn set_pin(tx: &mut Tx<'_>, owner: UserId, peer: Peer, order: Option<i64>) -> Result<(), StoreError> {
    let [a, b] = key(owner, peer);
    tx.execute(SET_PIN, &[a, b, Value::opt_int(order)])?;
    Ok(())
}

pub fn set_ttl(tx: &mut Tx<'_>, owner: UserId, peer: Peer, secs: Option<i32>) -> Result<(), StoreError> {
    let [a, b] = key(owner, peer);
    tx.execute(SET_TTL, &[a, b, Value::opt_int(secs.map(i64::from))])?;
    Ok(())
}

pub fn set_draft(tx: &mut Tx<'_>, owner: UserId, peer: Peer, draft: Option<&[u8]>) -> Result<(), StoreError> {
    let sealed = match draft {
        Some(draft) => Some(tx.seal(Owner::User(owner.0), TABLE, row_key(owner, peer), draft)?),
        None => None,
    };
    let date = draft.map(|_| tx.now().secs());
    let [a, b] = key(owner, peer);
    tx.execute(SET_DRAFT, &[a, b, sealed.as_deref().map_or(Value::Null, Value::Blob), Value::opt_int(date)])?;
    Ok(())
}

pub fn delete(tx: &mut Tx<'_>, owner: UserId, peer: Peer) -> Result<(), StoreError> {
    tx.execute(DELETE, &key(owner, peer))?;
    Ok(())
}

/// Unpinned dialogs below an offset (date, then message id), newest first.
pub fn page(
    tx: &mut Tx<'_>,
    owner: UserId,
    before: (Time, i32),
    limit: i64,
) -> Result<Vec<Dialog>, StoreError> {
    let values =
        [Value::Int(owner.0), Value::Int(before.0.secs()), Value::Int(before.1.into()), Value::Int(limit)];
    read_all(tx, PAGE, &values)
}

/// Pinned dialogs in their order.
pub fn pinned(tx: &mut Tx<'_>, owner: UserId) -> Result<Vec<Dialog>, StoreError> {
    read_all(tx, PINNED, &[Value::Int(owner.0)])
}

pub fn with_draft(tx: &mut Tx<'_>, owner: UserId) -> Result<Vec<Dialog>, StoreError> {
    read_all(tx, WITH_DRAFT, &[Value::Int(owner.0)])
}

/// Dialogs that were marked unread by hand.
pub fn unread_marks(tx: &mut Tx<'_>, owner: UserId) -> Result<Vec<Peer>, StoreError> {
    let rows = tx.query(UNREAD_MARKS, &[Value::Int(owner.0)])?;
    rows.iter().map(peer_of).collect()
}

pub fn count(tx: &mut Tx<'_>, owner: UserId) -> Result<i64, StoreError> {
    tx.query_opt(COUNT, &[Value::Int(owner.0)])?.map_or(Ok(0), |row| row.int(0))
}

/// How many dialogs have something unread.
pub fn unread_total(tx: &mut Tx<'_>, owner: UserId) -> Result<i32, StoreError> {
    tx.query_opt(UNREAD_TOTAL, &[Value::Int(owner.0)])?.map_or(Ok(0), |row| row.int32(0))
}

/// With whom the owner has dialogs that messages are in, latest first.
pub fn peers(tx: &mut Tx<'_>, owner: UserId, limit: i64) -> Result<Vec<Peer>, StoreError> {
    let rows = tx.query(PEERS, &[Value::Int(owner.0), Value::Int(limit)])?;
    rows.iter().map(peer_of).collect()
}

fn key(owner: UserId, peer: Peer) -> [Value<'static>; 2] {
    [Value::Int(owner.0), Value::Int(peer.key())]
}

fn row_key(owner: UserId, peer: Peer) -> RowKey {
    RowKey::from((owner.0, peer.key()))
}

fn peer_of(row: &Row) -> Result<Peer, StoreError> {
    Peer::from_key(row.int(0)?).ok_or_else(|| StoreError::corrupt(TABLE, "peer"))
}

fn read_all(tx: &mut Tx<'_>, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Dialog>, StoreError> {
    let rows = tx.query(sql, values)?;
    rows.iter().map(|row| read(tx, row)).collect()
}

fn read(tx: &mut Tx<'_>, row: &Row) -> Result<Dialog, StoreError> {
    let owner = UserId(row.int(0)?);
    let peer = Peer::from_key(row.int(1)?).ok_or_else(|| StoreError::corrupt(TABLE, "peer"))?;
    let draft = match row.opt_blob(9)? {
        Some(sealed) => {
            let opened = tx.open_sealed(Owner::User(owner.0), TABLE, row_key(owner, peer), sealed);
            StoreError::if_there(opened)?
        }
        None => None,
    };
    Ok(Dialog {
        owner,
        peer,
        top_message: row.int32(2)?,
        top_date: Time::from_secs(row.int(3)?),
        read_inbox_max: row.int32(4)?,
        read_outbox_max: row.int32(5)?,
        unread_count: row.int32(6)?,
        flags: row.int(7)?,
        pin_order: row.opt_int(8)?,
        draft,
        ttl_period: row.opt_int(11)?.map(|secs| i32::try_from(secs).unwrap_or(i32::MAX)),
    })
}
