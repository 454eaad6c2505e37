//! The search index: which words stand in which messages of a box, sealed under the data key of its owner.
//!
//! A *pack* covers [`PACK`] consecutive message ids of a box. It is made once the box has gone past them, and
//! thrown away when one of its messages changes or goes. A pack that is not there is no fault: whoever searches
//! opens the messages themselves. So the index is a shortcut and never has to be waited for, and a message that
//! was deleted leaves no word behind.

mod pack;

use std::collections::BTreeSet;
use std::ops::Range;

use domain::UserId;

use crate::{Owner, RowKey, StoreError, Tx, Value, boxes, messages};

pub use pack::{Asked, Builder, Kind, Pack};

const TABLE: &str = "word_packs";

const LIST: &str = "SELECT pack FROM word_packs WHERE owner = $1 ORDER BY pack DESC";
const SELECT: &str = "SELECT words FROM word_packs WHERE owner = $1 AND pack = $2";
const PUT: &str = "INSERT INTO word_packs (owner, pack, words) VALUES ($1, $2, $3) \
     ON CONFLICT (owner, pack) DO UPDATE SET words = $3";
const FORGET: &str = "DELETE FROM word_packs WHERE owner = $1 AND pack = $2";
const BEHIND: &str = "SELECT owner FROM boxes WHERE owner > $1 AND next_message_id >= 256 AND next_message_id / 256 \
     > (SELECT COUNT(*) FROM word_packs WHERE word_packs.owner = boxes.owner) ORDER BY owner LIMIT $2";

/// Ids that one pack covers. The SQL above knows it as 256.
pub const PACK: i32 = 256;

/// The pack that a message is in, or will be.
pub fn pack_of(message_id: i32) -> i32 {
    message_id / PACK
}

/// The ids that a pack covers.
pub fn ids(pack: i32) -> Range<i32> {
    pack.saturating_mul(PACK)..pack.saturating_add(1).saturating_mul(PACK)
}

/// The packs that a box has, highest first.
pub fn packs(tx: &mut Tx<'_>, owner: UserId) -> Result<Vec<i32>, StoreError> {
    tx.query(LIST, &[Value::Int(owner.0)])?.iter().map(|row| row.int32(0)).collect()
}

pub fn open(tx: &mut Tx<'_>, owner: UserId, pack: i32) -> Result<Option<Pack>, StoreError> {
    let Some(row) = tx.query_opt(SELECT, &[Value::Int(owner.0), Value::Int(pack.into())])? else {
        return Ok(None);
    };
    let bytes = tx.open_sealed(Owner::User(owner.0), TABLE, key(owner, pack), row.blob(0)?)?;
    Pack::from_bytes(bytes).map(Some).ok_or_else(|| StoreError::corrupt(TABLE, "words"))
}

pub fn put(tx: &mut Tx<'_>, owner: UserId, pack: i32, words: &Pack) -> Result<(), StoreError> {
    let sealed = tx.seal(Owner::User(owner.0), TABLE, key(owner, pack), words.as_bytes())?;
    tx.defer(PUT, &[Value::Int(owner.0), Value::Int(pack.into()), Value::Blob(&sealed)])
}

/// A message has other words now, or none: its pack, if there is one, says what is not so any more.
pub fn forget(tx: &mut Tx<'_>, owner: UserId, message_id: i32) -> Result<(), StoreError> {
    tx.defer(FORGET, &[Value::Int(owner.0), Value::Int(pack_of(message_id).into())])
}

/// Packs that a box could have and has not, lowest first, at most `limit`. Numbers that no message has (a backup
/// leaps over many) make no pack.
pub fn missing(tx: &mut Tx<'_>, owner: UserId, limit: usize) -> Result<Vec<i32>, StoreError> {
    let full = pack_of(boxes::state(tx, owner)?.next_message_id);
    let there: BTreeSet<i32> = packs(tx, owner)?.into_iter().collect();
    let mut missing = Vec::new();
    let mut number = 0;
    while number < full && missing.len() < limit {
        if !there.contains(&number) {
            let first = messages::first_from(tx, owner, ids(number).start)?;
            match first.map(pack_of) {
                None => break,
                Some(next) if next > number => {
                    number = next;
                    continue;
                }
                Some(_) => missing.push(number),
            }
        }
        number += 1;
    }
    Ok(missing)
}

/// Owners above `after` whose boxes may miss packs, in rising order.
pub fn behind(tx: &mut Tx<'_>, after: UserId, limit: i64) -> Result<Vec<UserId>, StoreError> {
    let rows = tx.query(BEHIND, &[Value::Int(after.0), Value::Int(limit)])?;
    rows.iter().map(|row| row.int(0).map(UserId)).collect()
}

fn key(owner: UserId, pack: i32) -> RowKey {
    RowKey::from((owner.0, i64::from(pack)))
}
