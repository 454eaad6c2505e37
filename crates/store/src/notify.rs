//! How each user's devices tell of something new: for all chats of a kind, and for single chats.

use domain::{Peer, UserId};
use serde::{Deserialize, Serialize};

use crate::{Owner, Row, RowKey, StoreError, Tx, Value};

const TABLE: &str = "notify_settings";

const SELECT: &str = "SELECT scope, value FROM notify_settings WHERE owner = $1 AND scope = $2";
const ALL: &str = "SELECT scope, value FROM notify_settings WHERE owner = $1 ORDER BY scope";
const UPSERT: &str = "INSERT INTO notify_settings (owner, scope, value) VALUES ($1, $2, $3) \
     ON CONFLICT (owner, scope) DO UPDATE SET value = $3";
const DELETE: &str = "DELETE FROM notify_settings WHERE owner = $1 AND scope = $2";
const DELETE_ALL: &str = "DELETE FROM notify_settings WHERE owner = $1";

/// What a set of notification settings is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    Users,
    Chats,
    Broadcasts,
    Peer(Peer),
}

/// How a device tells of something new. What is `None` follows the kind of chat, or the client's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    pub show_previews: Option<bool>,
    pub silent: Option<bool>,
    /// Seconds since the epoch.
    pub mute_until: Option<i32>,
    pub sound: Option<Sound>,
    pub stories_muted: Option<bool>,
    pub stories_hide_sender: Option<bool>,
    pub stories_sound: Option<Sound>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sound {
    Default,
    None,
    Local { title: String, data: String },
    Ringtone { id: i64 },
}

pub fn get(tx: &mut Tx<'_>, owner: UserId, scope: Scope) -> Result<Option<Settings>, StoreError> {
    let row = tx.query_opt(SELECT, &[Value::Int(owner.0), Value::Int(scope.key())])?;
    row.map(|row| read(tx, owner, &row).map(|(_, settings)| settings)).transpose()
}

/// The settings of those of the peers that have their own.
pub fn of_peers(
    tx: &mut Tx<'_>,
    owner: UserId,
    peers: &[Peer],
) -> Result<Vec<(Scope, Settings)>, StoreError> {
    let keys: Vec<_> = peers.iter().map(|peer| [Value::Int(owner.0), Value::Int(peer.key())]).collect();
    let sets: Vec<&[Value<'_>]> = keys.iter().map(|key| key.as_slice()).collect();
    let rows = tx.query_each(SELECT, &sets)?;
    rows.iter().map(|row| read(tx, owner, row)).collect()
}

/// Everything that the owner has set.
pub fn all(tx: &mut Tx<'_>, owner: UserId) -> Result<Vec<(Scope, Settings)>, StoreError> {
    let rows = tx.query(ALL, &[Value::Int(owner.0)])?;
    rows.iter().map(|row| read(tx, owner, row)).collect()
}

pub fn set(tx: &mut Tx<'_>, owner: UserId, scope: Scope, settings: &Settings) -> Result<(), StoreError> {
    let plain = serde_json::to_vec(settings).map_err(|_| StoreError::corrupt(TABLE, "value"))?;
    let row = RowKey::from((owner.0, scope.key()));
    let sealed = tx.seal(Owner::User(owner.0), TABLE, row, &plain)?;
    tx.defer(UPSERT, &[Value::Int(owner.0), Value::Int(scope.key()), Value::Blob(&sealed)])
}

/// Back to the default.
pub fn delete(tx: &mut Tx<'_>, owner: UserId, scope: Scope) -> Result<(), StoreError> {
    tx.defer(DELETE, &[Value::Int(owner.0), Value::Int(scope.key())])
}

/// Back to the defaults.
pub fn delete_all(tx: &mut Tx<'_>, owner: UserId) -> Result<(), StoreError> {
    tx.defer(DELETE_ALL, &[Value::Int(owner.0)])
}

impl Scope {
    /// Keys of peers are positive.
    const fn key(self) -> i64 {
        match self {
            Self::Users => -1,
            Self::Chats => -2,
            Self::Broadcasts => -3,
            Self::Peer(peer) => peer.key(),
        }
    }

    fn from_key(key: i64) -> Option<Self> {
        match key {
            -1 => Some(Self::Users),
            -2 => Some(Self::Chats),
            -3 => Some(Self::Broadcasts),
            key => Peer::from_key(key).map(Self::Peer),
        }
    }
}

fn read(tx: &mut Tx<'_>, owner: UserId, row: &Row) -> Result<(Scope, Settings), StoreError> {
    let key = row.int(0)?;
    let scope = Scope::from_key(key).ok_or_else(|| StoreError::corrupt(TABLE, "scope"))?;
    let plain = tx.open_sealed(Owner::User(owner.0), TABLE, RowKey::from((owner.0, key)), row.blob(1)?)?;
    let settings = serde_json::from_slice(&plain).map_err(|_| StoreError::corrupt(TABLE, "value"))?;
    Ok((scope, settings))
}
