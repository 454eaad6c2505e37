//! Tokens that sign a key in without a code: those in QR codes, and those that a device carries from its
//! key of one data centre to its key of another.

use domain::{Hint, Time, UserId};

use crate::{Row, StoreError, Tx, Value};

const INSERT: &str = "INSERT INTO login_tokens (token_hash, kind, auth_key_id, created_at, expires_at, user_id) \
     VALUES ($1, $2, $3, $4, $5, $6)";
const SELECT: &str =
    "SELECT auth_key_id, expires_at, user_id FROM login_tokens WHERE token_hash = $1 AND kind = $2";
const ACCEPT: &str = "UPDATE login_tokens SET user_id = $2 WHERE token_hash = $1";
const DELETE: &str = "DELETE FROM login_tokens WHERE token_hash = $1";
const DELETE_OF_USER: &str = "DELETE FROM login_tokens WHERE user_id = $1";
const EXPIRED: &str = "DELETE FROM login_tokens WHERE token_hash IN (SELECT token_hash FROM login_tokens \
     WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

/// What a token is for. A token of one kind is worth nothing where another is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Shown as a QR code by a device that waits to be signed in.
    Qr = 1,
    /// Carried by a device that is signed in to another key of its own.
    Carried = 2,
}

/// A token. Its bytes are known to the device alone; kept is a keyed hash.
#[derive(Clone, Debug)]
pub struct LoginToken {
    /// The key that asked for the token.
    pub auth_key_id: i64,
    pub expires_at: Time,
    /// Who accepted it, or whose sign-in is carried.
    pub user: Option<UserId>,
}

pub fn insert(tx: &mut Tx<'_>, kind: Kind, bytes: &[u8], token: &LoginToken) -> Result<(), StoreError> {
    let hash = hash(tx, bytes);
    let values = [
        Value::Blob(&hash),
        Value::Int(kind as i64),
        Value::Int(token.auth_key_id),
        Value::Int(tx.now().secs()),
        Value::Int(token.expires_at.secs()),
        Value::opt_int(token.user.map(|user| user.0)),
    ];
    tx.execute(INSERT, &values)?;
    Ok(())
}

pub fn get(tx: &mut Tx<'_>, kind: Kind, bytes: &[u8]) -> Result<Option<LoginToken>, StoreError> {
    let hash = hash(tx, bytes);
    let row = tx.query_opt(SELECT, &[Value::Blob(&hash), Value::Int(kind as i64)])?;
    row.as_ref().map(read).transpose()
}

/// Notes who accepted a QR code, and wakes the device that shows it.
pub fn accept(tx: &mut Tx<'_>, bytes: &[u8], token: &LoginToken, user: UserId) -> Result<(), StoreError> {
    let hash = hash(tx, bytes);
    tx.execute(ACCEPT, &[Value::Blob(&hash), Value::Int(user.0)])?;
    let date = tx.now();
    tx.hint(Hint::LoginToken { auth_key_id: token.auth_key_id, date });
    Ok(())
}

pub fn delete(tx: &mut Tx<'_>, bytes: &[u8]) -> Result<(), StoreError> {
    let hash = hash(tx, bytes);
    tx.execute(DELETE, &[Value::Blob(&hash)])?;
    Ok(())
}

/// Forgets what an account accepted or carries.
pub(crate) fn delete_of_user(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.defer(DELETE_OF_USER, &[Value::Int(user.0)])
}

/// Forgets tokens whose time is over, at most `limit`.
pub fn delete_expired(tx: &mut Tx<'_>, now: Time, limit: i64) -> Result<u64, StoreError> {
    tx.execute(EXPIRED, &[Value::Int(now.secs()), Value::Int(limit)])
}

fn hash(tx: &Tx<'_>, bytes: &[u8]) -> [u8; 16] {
    tx.keyed_hash("login token", bytes)
}

fn read(row: &Row) -> Result<LoginToken, StoreError> {
    Ok(LoginToken {
        auth_key_id: row.int(0)?,
        expires_at: Time::from_secs(row.int(1)?),
        user: row.opt_int(2)?.map(UserId),
    })
}
