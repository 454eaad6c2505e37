//! Accounts that are deleted, and of which rows are left.
//!
//! [`begin`] is the point of no return, one transaction: from its commit on the account is gone for everybody, and
//! so is its data key. What is left then is rows that nobody can open. They go piece by piece ([`sweep`]), so that an
//! account with a million messages does not hold others up; a piece knows where to go on by what is still there, so
//! it does not matter where a crash comes in between.

use domain::{Peer, UserId};

use crate::{Owner, StoreError, Tx, Value, auth_keys, codes, login_tokens, users};

const INSERT: &str = "INSERT INTO deletions (user_id, asked_at) VALUES ($1, $2) ON CONFLICT DO NOTHING";
const DELETE: &str = "DELETE FROM deletions WHERE user_id = $1";
const PENDING: &str = "SELECT user_id FROM deletions ORDER BY asked_at, user_id LIMIT $1";
const PARTNERS: &str = "SELECT peer FROM dialogs WHERE owner = $1 ORDER BY peer LIMIT $2";
const LEAVE: &str = "DELETE FROM dialogs WHERE owner = $1 AND peer = $2";
const BOX: &str = "DELETE FROM boxes WHERE owner = $1";

/// Everything that is filed under its owner, but for dialogs and the box itself, which go first and last. Each
/// statement takes the owner and how many rows to delete at most.
const ROWS: &[&str] = &[
    "DELETE FROM scheduled WHERE owner = $1 AND id IN \
     (SELECT id FROM scheduled WHERE owner = $1 ORDER BY id LIMIT $2)",
    "DELETE FROM contacts WHERE owner = $1 AND phone_hash IN \
     (SELECT phone_hash FROM contacts WHERE owner = $1 ORDER BY phone_hash LIMIT $2)",
    "DELETE FROM blocks WHERE owner = $1 AND peer IN \
     (SELECT peer FROM blocks WHERE owner = $1 ORDER BY peer LIMIT $2)",
    "DELETE FROM privacy WHERE owner = $1 AND rule IN \
     (SELECT rule FROM privacy WHERE owner = $1 ORDER BY rule LIMIT $2)",
    "DELETE FROM settings WHERE owner = $1 AND name IN \
     (SELECT name FROM settings WHERE owner = $1 ORDER BY name LIMIT $2)",
    "DELETE FROM notify_settings WHERE owner = $1 AND scope IN \
     (SELECT scope FROM notify_settings WHERE owner = $1 ORDER BY scope LIMIT $2)",
    "DELETE FROM word_packs WHERE owner = $1 AND pack IN \
     (SELECT pack FROM word_packs WHERE owner = $1 ORDER BY pack LIMIT $2)",
    "DELETE FROM reactions WHERE owner = $1 AND (message_id, user_id, position) IN \
     (SELECT message_id, user_id, position FROM reactions WHERE owner = $1 \
     ORDER BY message_id, user_id, position LIMIT $2)",
    "DELETE FROM messages WHERE owner = $1 AND id IN \
     (SELECT id FROM messages WHERE owner = $1 ORDER BY id LIMIT $2)",
    "DELETE FROM events WHERE owner = $1 AND (pts, sub) IN \
     (SELECT pts, sub FROM events WHERE owner = $1 ORDER BY pts, sub LIMIT $2)",
    "DELETE FROM sent WHERE owner = $1 AND random_id IN \
     (SELECT random_id FROM sent WHERE owner = $1 ORDER BY random_id LIMIT $2)",
];

/// Deletes an account for good: number and username are free, no key is signed in to it any more, and its data key
/// goes with the commit. All clients are told but that of `own`, the key that asked for it. False when there is no
/// such account, or no more.
pub fn begin(tx: &mut Tx<'_>, user: UserId, own: Option<i64>) -> Result<bool, StoreError> {
    // While the number can still be found.
    codes::delete_of_user(tx, user)?;
    if !users::bury(tx, user)? {
        return Ok(false);
    }
    let now = tx.now().secs();
    tx.execute(INSERT, &[Value::Int(user.0), Value::Int(now)])?;
    auth_keys::sign_out_all(tx, user, own)?;
    login_tokens::delete_of_user(tx, user)?;
    tx.shred(Owner::User(user.0))?;
    Ok(true)
}

/// Accounts of which rows are left, those that were deleted first in front.
pub fn pending(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<UserId>, StoreError> {
    tx.query(PENDING, &[Value::Int(limit)])?.iter().map(|row| row.int(0).map(UserId)).collect()
}

/// The first of those whom a deleted account has dialogs with, in rising order.
pub fn partners(tx: &mut Tx<'_>, user: UserId, limit: i64) -> Result<Vec<Peer>, StoreError> {
    let rows = tx.query(PARTNERS, &[Value::Int(user.0), Value::Int(limit)])?;
    let peer = |key: i64| Peer::from_key(key).ok_or_else(|| StoreError::corrupt("dialogs", "peer"));
    rows.iter().map(|row| peer(row.int(0)?)).collect()
}

/// Deletes the account's own side of a dialog, but for its messages.
pub fn leave(tx: &mut Tx<'_>, user: UserId, peer: Peer) -> Result<(), StoreError> {
    tx.defer(LEAVE, &[Value::Int(user.0), Value::Int(peer.key())])
}

/// Deletes at most `limit` of the rows that are left; to be called when there are no [`partners`] any more. True
/// when nothing is left and the deletion is forgotten, too.
pub fn sweep(tx: &mut Tx<'_>, user: UserId, limit: i64) -> Result<bool, StoreError> {
    tx.changes(user);
    let mut left = limit;
    for rows in ROWS {
        let gone = tx.execute(rows, &[Value::Int(user.0), Value::Int(left)])?;
        left = left.saturating_sub(i64::try_from(gone).unwrap_or(i64::MAX));
        if left <= 0 {
            return Ok(false);
        }
    }
    tx.execute(BOX, &[Value::Int(user.0)])?;
    tx.execute(DELETE, &[Value::Int(user.0)])?;
    Ok(true)
}
