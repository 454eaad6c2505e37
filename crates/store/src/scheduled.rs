//! Messages that wait for their time, in the box of whoever will send them.

use domain::{Peer, Time, UserId, limits};

use crate::{Owner, Row, RowKey, StoreError, Tx, Value};

const TABLE: &str = "scheduled";

macro_rules! columns {
    () => {
        "owner, id, peer, date, edit_date, flags, random_id, reply_to, content"
    };
}

const INSERT: &str =
    concat!("INSERT INTO scheduled (", columns!(), ") VALUES ($1, $2, $3, $4, NULL, $5, $6, $7, $8)");
const SELECT: &str = concat!("SELECT ", columns!(), " FROM scheduled WHERE owner = $1 AND id = $2");
const OF_PEER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM scheduled WHERE owner = $1 AND peer = $2 ORDER BY date DESC, id DESC"
);
const COUNT: &str = "SELECT COUNT(*) FROM scheduled WHERE owner = $1 AND peer = $2";
const UPDATE: &str =
    "UPDATE scheduled SET date = $3, edit_date = $4, content = $5 WHERE owner = $1 AND id = $2";
const DELETE: &str = "DELETE FROM scheduled WHERE owner = $1 AND id = $2";
const POSTPONE: &str = "UPDATE scheduled SET date = $3 WHERE owner = $1 AND id = $2";
const POSTPONE_DUE: &str = "UPDATE scheduled SET date = $3 WHERE owner = $1 AND date <= $2";
const DUE: &str = "SELECT owner, id FROM scheduled WHERE date <= $1 ORDER BY date, owner, id LIMIT $2";
const NEXT_DUE: &str = "SELECT date FROM scheduled WHERE date < $1 ORDER BY date LIMIT 1";
const AWAITED: &str = "SELECT DISTINCT peer FROM scheduled WHERE date = $1 LIMIT $2";
const AWAITING: &str =
    "SELECT owner, id FROM scheduled WHERE date = $1 AND peer = $2 ORDER BY owner, id LIMIT $3";
const NEXT_ID: &str =
    "UPDATE boxes SET scheduled_id = scheduled_id % $2 + 1 WHERE owner = $1 RETURNING scheduled_id";

/// Ids start again from 1 after this one: clients keep no more than 18 bits of them.
const LAST_ID: i64 = 200_000;

/// The date that stands for "when they come online".
pub const WHEN_ONLINE: Time = Time::from_secs(limits::SCHEDULE_UNTIL_ONLINE as i64);

#[derive(Clone, Debug)]
pub struct Scheduled {
    pub owner: UserId,
    /// From a counter of its own: not the id that the message will have once it is sent.
    pub id: i32,
    pub peer: Peer,
    /// When it is to be sent; [`WHEN_ONLINE`] for when the other side comes online.
    pub date: Time,
    pub edit_date: Option<Time>,
    /// As [`crate::messages::flag`] has them.
    pub flags: i64,
    /// The sender's idempotency key, kept for the message that this becomes.
    pub random_id: Option<i64>,
    /// In the owner's box.
    pub reply_to: Option<i32>,
    /// Canonical TL bytes.
    pub content: Vec<u8>,
}

/// Gives out the next id of an owner whose box is held.
pub fn next_id(tx: &mut Tx<'_>, owner: UserId) -> Result<i32, StoreError> {
    loop {
        let row = tx.query_opt(NEXT_ID, &[Value::Int(owner.0), Value::Int(LAST_ID)])?;
        let id = row.ok_or_else(|| StoreError::corrupt("boxes", "scheduled_id"))?.int32(0)?;
        // After the counter went round, one that is still waiting may have the number.
        if tx.query_opt(SELECT, &key(owner, id))?.is_none() {
            return Ok(id);
        }
    }
}

/// Errors: [`StoreError::Conflict`] when the sender has used this `random_id` before.
pub fn insert(tx: &mut Tx<'_>, message: &Scheduled) -> Result<(), StoreError> {
    let sealed = seal(tx, message.owner, message.id, &message.content)?;
    let [owner, id] = key(message.owner, message.id);
    let values = [
        owner,
        id,
        Value::Int(message.peer.key()),
        Value::Int(message.date.secs()),
        Value::Int(message.flags),
        Value::opt_int(message.random_id),
        Value::opt_int(message.reply_to.map(i64::from)),
        Value::Blob(&sealed),
    ];
    tx.execute(INSERT, &values)?;
    Ok(())
}

pub fn get(tx: &mut Tx<'_>, owner: UserId, id: i32) -> Result<Option<Scheduled>, StoreError> {
    let row = tx.query_opt(SELECT, &key(owner, id))?;
    row.map(|row| read(tx, &row)).transpose()
}

/// All that waits in a dialog, the last to be sent first.
pub fn of_peer(tx: &mut Tx<'_>, owner: UserId, peer: Peer) -> Result<Vec<Scheduled>, StoreError> {
    let rows = tx.query(OF_PEER, &[Value::Int(owner.0), Value::Int(peer.key())])?;
    rows.iter().map(|row| read(tx, row)).collect()
}

pub fn count(tx: &mut Tx<'_>, owner: UserId, peer: Peer) -> Result<i64, StoreError> {
    let row = tx.query_opt(COUNT, &[Value::Int(owner.0), Value::Int(peer.key())])?;
    row.map_or(Ok(0), |row| row.int(0))
}

/// Puts another date or content into a message that waits.
pub fn update(tx: &mut Tx<'_>, message: &Scheduled) -> Result<(), StoreError> {
    let sealed = seal(tx, message.owner, message.id, &message.content)?;
    let [owner, id] = key(message.owner, message.id);
    let date = Value::Int(message.date.secs());
    let edit_date = Value::opt_int(message.edit_date.map(Time::secs));
    tx.execute(UPDATE, &[owner, id, date, edit_date, Value::Blob(&sealed)])?;
    Ok(())
}

pub fn delete(tx: &mut Tx<'_>, owner: UserId, id: i32) -> Result<(), StoreError> {
    tx.defer(DELETE, &key(owner, id))
}

/// Puts one message off, whatever it waits for, without looking into it.
pub fn postpone(tx: &mut Tx<'_>, owner: UserId, id: i32, until: Time) -> Result<(), StoreError> {
    let [owner, id] = key(owner, id);
    tx.execute(POSTPONE, &[owner, id, Value::Int(until.secs())])?;
    Ok(())
}

/// Puts off all of an owner's messages whose time has come.
pub fn postpone_due(tx: &mut Tx<'_>, owner: UserId, until: Time) -> Result<(), StoreError> {
    let now = tx.now().secs();
    tx.execute(POSTPONE_DUE, &[Value::Int(owner.0), Value::Int(now), Value::Int(until.secs())])?;
    Ok(())
}

/// Messages whose time has come, the oldest first.
pub fn due(tx: &mut Tx<'_>, now: Time, limit: i64) -> Result<Vec<(UserId, i32)>, StoreError> {
    let rows = tx.query(DUE, &[Value::Int(now.secs()), Value::Int(limit)])?;
    rows.iter().map(place).collect()
}

/// When the next message is to be sent, of those that have a time.
pub fn next_due(tx: &mut Tx<'_>) -> Result<Option<Time>, StoreError> {
    let row = tx.query_opt(NEXT_DUE, &[Value::Int(WHEN_ONLINE.secs())])?;
    row.map(|row| row.int(0).map(Time::from_secs)).transpose()
}

/// People for whom messages wait until they come online.
pub fn awaited(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Peer>, StoreError> {
    let rows = tx.query(AWAITED, &[Value::Int(WHEN_ONLINE.secs()), Value::Int(limit)])?;
    rows.iter().map(|row| peer(row.int(0)?)).collect()
}

/// Messages that wait until `who` comes online.
pub fn awaiting(tx: &mut Tx<'_>, who: Peer, limit: i64) -> Result<Vec<(UserId, i32)>, StoreError> {
    let values = [Value::Int(WHEN_ONLINE.secs()), Value::Int(who.key()), Value::Int(limit)];
    tx.query(AWAITING, &values)?.iter().map(place).collect()
}

fn key(owner: UserId, id: i32) -> [Value<'static>; 2] {
    [Value::Int(owner.0), Value::Int(id.into())]
}

fn place(row: &Row) -> Result<(UserId, i32), StoreError> {
    Ok((UserId(row.int(0)?), row.int32(1)?))
}

fn peer(key: i64) -> Result<Peer, StoreError> {
    Peer::from_key(key).ok_or_else(|| StoreError::corrupt(TABLE, "peer"))
}

fn seal(tx: &mut Tx<'_>, owner: UserId, id: i32, content: &[u8]) -> Result<Vec<u8>, StoreError> {
    tx.seal(Owner::User(owner.0), TABLE, RowKey::from((owner.0, i64::from(id))), content)
}

fn read(tx: &mut Tx<'_>, row: &Row) -> Result<Scheduled, StoreError> {
    let (owner, id) = place(row)?;
    let key = RowKey::from((owner.0, i64::from(id)));
    Ok(Scheduled {
        owner,
        id,
        peer: peer(row.int(2)?)?,
        date: Time::from_secs(row.int(3)?),
        edit_date: row.opt_int(4)?.map(Time::from_secs),
        flags: row.int(5)?,
        random_id: row.opt_int(6)?,
        reply_to: row.opt_int(7)?.map(|id| i32::try_from(id).unwrap_or_default()),
        content: tx.open_sealed(Owner::User(owner.0), TABLE, key, row.blob(8)?)?,
    })
}
