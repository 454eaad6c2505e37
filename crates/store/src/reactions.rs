//! Reactions to messages, one row per box, person and place.

use domain::{Time, UserId};
use serde::{Deserialize, Serialize};

use crate::{Owner, Row, RowKey, StoreError, Tx, Value};

const TABLE: &str = "reactions";

const INSERT: &str = "INSERT INTO reactions (owner, message_id, user_id, position, date, reaction) \
     VALUES ($1, $2, $3, $4, $5, $6)";
const OF_MESSAGE: &str = "SELECT owner, message_id, user_id, position, date, reaction FROM reactions \
     WHERE owner = $1 AND message_id = $2 ORDER BY date DESC, user_id, position";
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
}

pub fn insert(tx: &mut Tx<'_>, given: &Given) -> Result<(), StoreError> {
    let sealed = Sealed { reaction: given.reaction.clone(), unread: given.unread };
    let plain = serde_json::to_vec(&sealed).map_err(|_| StoreError::corrupt(TABLE, "reaction"))?;
    let sealed = tx.seal(Owner::User(given.owner.0), TABLE, key(given.owner, given.message_id), &plain)?;
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
) -> Result<u64, StoreError> {
    tx.execute(DELETE_OF_USER, &[Value::Int(owner.0), Value::Int(message_id.into()), Value::Int(user.0)])
}

pub fn delete_of_message(tx: &mut Tx<'_>, owner: UserId, message_id: i32) -> Result<(), StoreError> {
    tx.defer(DELETE_OF_MESSAGE, &[Value::Int(owner.0), Value::Int(message_id.into())])
}

fn key(owner: UserId, message_id: i32) -> RowKey {
    RowKey::from((owner.0, i64::from(message_id)))
}

fn read(tx: &mut Tx<'_>, row: &Row) -> Result<Given, StoreError> {
    let (owner, message_id) = (UserId(row.int(0)?), row.int32(1)?);
    let plain = tx.open_sealed(Owner::User(owner.0), TABLE, key(owner, message_id), row.blob(5)?)?;
    let sealed: Sealed =
        serde_json::from_slice(&plain).map_err(|_| StoreError::corrupt(TABLE, "reaction"))?;
    Ok(Given {
        owner,
        message_id,
        user: UserId(row.int(2)?),
        position: row.int32(3)?,
        date: Time::from_secs(row.int(4)?),
        reaction: sealed.reaction,
        unread: sealed.unread,
    })
}
