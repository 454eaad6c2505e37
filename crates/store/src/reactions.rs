//! Reactions to messages, one row per box, person and place.

use domain::{Peer, Time, UserId};
use serde::{Deserialize, Serialize};

use crate::{Owner, Row, RowKey, StoreError, Tx, Value};

const TABLE: &str = "reactions";

const INSERT: &str = "INSERT INTO reactions (owner, message_id, user_id, position, date, reaction) \
     VALUES ($1, $2, $3, $4, $5, $6)";
const OF_MESSAGE: &str = "SELECT owner, message_id, user_id, position, date, reaction FROM reactions \
     WHERE owner = $1 AND message_id = $2 ORDER BY date DESC, user_id, position";
const UPDATE: &str = "UPDATE reactions SET reaction = $5 \
     WHERE owner = $1 AND message_id = $2 AND user_id = $3 AND position = $4";
// The condition on the flag is written as in the index, so that both engines see that it applies.
const UNREAD: &str = "SELECT id FROM messages WHERE owner = $1 AND peer = $2 AND (flags & 128) = 128 \
     ORDER BY id DESC LIMIT $3";
const UNREAD_COUNT: &str =
    "SELECT COUNT(*) FROM messages WHERE owner = $1 AND peer = $2 AND (flags & 128) = 128";
const DELETE_OF_USER: &str = "DELETE FROM reactions WHERE owner = $1 AND message_id = $2 AND user_id = $3";
const DELETE_OF_MESSAGE: &str = "DELETE FROM reactions WHERE owner = $1 AND message_id = $2";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reaction {
    Emoji(String),
    /// A custom emoji, by its document.
    Custom(i64),
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    reaction: Reaction,
    #[serde(default)]
    unread: bool,
    #[serde(default)]
    big: bool,
}

/// One person's reaction to a message of a box.
#[derive(Clone, Debug)]
pub struct Given {
    pub owner: UserId,
    pub message_id: i32,
    pub user: UserId,
    /// 1 for a person's first reaction to the message, and so on.
    pub position: i32,
    pub date: Time,
    pub reaction: Reaction,
    /// The box's owner, who wrote the message, has not seen it yet.
    pub unread: bool,
    /// Given with the bigger animation.
    pub big: bool,
}

impl Given {
    fn key(&self) -> RowKey {
        RowKey::from((self.owner.0, self.message_id.into(), self.user.0, self.position.into()))
    }

    fn seal(&self, tx: &mut Tx<'_>) -> Result<Vec<u8>, StoreError> {
        let sealed = Sealed { reaction: self.reaction.clone(), unread: self.unread, big: self.big };
        let plain = serde_json::to_vec(&sealed).map_err(|_| StoreError::corrupt(TABLE, "reaction"))?;
        tx.seal(Owner::User(self.owner.0), TABLE, self.key(), &plain)
    }
}

pub fn insert(tx: &mut Tx<'_>, given: &Given) -> Result<(), StoreError> {
    let sealed = given.seal(tx)?;
    let values = [
        Value::Int(given.owner.0),
        Value::Int(given.message_id.into()),
        Value::Int(given.user.0),
        Value::Int(given.position.into()),
        Value::Int(given.date.secs()),
        Value::Blob(&sealed),
    ];
    tx.execute(INSERT, &values)?;
    Ok(())
}

/// Notes that the box's owner has seen a reaction.
pub fn seen(tx: &mut Tx<'_>, given: &Given) -> Result<(), StoreError> {
    let sealed = Given { unread: false, ..given.clone() }.seal(tx)?;
    let values = [
        Value::Int(given.owner.0),
        Value::Int(given.message_id.into()),
        Value::Int(given.user.0),
        Value::Int(given.position.into()),
        Value::Blob(&sealed),
    ];
    tx.defer(UPDATE, &values)
}

/// Ids of a dialog's messages with reactions that the owner has not seen, newest first.
pub fn unread(tx: &mut Tx<'_>, owner: UserId, peer: Peer, limit: i64) -> Result<Vec<i32>, StoreError> {
    let rows = tx.query(UNREAD, &[Value::Int(owner.0), Value::Int(peer.key()), Value::Int(limit)])?;
    rows.iter().map(|row| row.int32(0)).collect()
}

/// How many messages of a dialog have reactions that the owner has not seen.
pub fn unread_count(tx: &mut Tx<'_>, owner: UserId, peer: Peer) -> Result<i32, StoreError> {
    let row = tx.query_opt(UNREAD_COUNT, &[Value::Int(owner.0), Value::Int(peer.key())])?;
    row.map_or(Ok(0), |row| row.int32(0))
}

/// Latest first.
pub fn of_message(tx: &mut Tx<'_>, owner: UserId, message_id: i32) -> Result<Vec<Given>, StoreError> {
    let rows = tx.query(OF_MESSAGE, &[Value::Int(owner.0), Value::Int(message_id.into())])?;
    rows.iter().map(|row| read(tx, row)).collect()
}

pub fn delete_of_user(
    tx: &mut Tx<'_>,
    owner: UserId,
    message_id: i32,
    user: UserId,
) -> Result<(), StoreError> {
    tx.defer(DELETE_OF_USER, &[Value::Int(owner.0), Value::Int(message_id.into()), Value::Int(user.0)])
}

pub fn delete_of_message(tx: &mut Tx<'_>, owner: UserId, message_id: i32) -> Result<(), StoreError> {
    tx.defer(DELETE_OF_MESSAGE, &[Value::Int(owner.0), Value::Int(message_id.into())])
}

fn read(tx: &mut Tx<'_>, row: &Row) -> Result<Given, StoreError> {
    let mut given = Given {
        owner: UserId(row.int(0)?),
        message_id: row.int32(1)?,
        user: UserId(row.int(2)?),
        position: row.int32(3)?,
        date: Time::from_secs(row.int(4)?),
        reaction: Reaction::Custom(0),
        unread: false,
        big: false,
    };
    let plain = tx.open_sealed(Owner::User(given.owner.0), TABLE, given.key(), row.blob(5)?)?;
    let sealed: Sealed =
        serde_json::from_slice(&plain).map_err(|_| StoreError::corrupt(TABLE, "reaction"))?;
    (given.reaction, given.unread, given.big) = (sealed.reaction, sealed.unread, sealed.big);
    Ok(given)
}
