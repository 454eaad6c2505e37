//! Sign-in codes that were sent and not used yet.

use domain::{Time, UserId};
use serde::{Deserialize, Serialize};

use crate::{Owner, Row, RowKey, StoreError, Tx, Value, users};

const TABLE: &str = "sign_in_codes";

macro_rules! columns {
    () => {
        "phone_code_hash, phone_hash, code_hash, auth_key_id, created_at, expires_at, tries, state, payload"
    };
}

const INSERT: &str =
    concat!("INSERT INTO sign_in_codes (", columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7)");
const SELECT: &str = concat!("SELECT ", columns!(), " FROM sign_in_codes WHERE phone_code_hash = $1");
const OF_PHONE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM sign_in_codes WHERE phone_hash = $1 AND auth_key_id = $2 AND expires_at > $3 ORDER BY created_at DESC LIMIT 1"
);
const UPDATE: &str = "UPDATE sign_in_codes SET tries = $2, state = $3 WHERE phone_code_hash = $1";
const SET_CODE: &str = "UPDATE sign_in_codes SET code_hash = $2, payload = $3, expires_at = $4, tries = 0, \
     state = 0 WHERE phone_code_hash = $1";
const SET_SENT: &str = "UPDATE sign_in_codes SET payload = $2 WHERE phone_code_hash = $1";
const DELETE: &str = "DELETE FROM sign_in_codes WHERE phone_code_hash = $1";
const DELETE_OF_USER: &str = "DELETE FROM sign_in_codes \
     WHERE phone_hash IN (SELECT phone_hash FROM users WHERE id = $1)";
const DELETE_EXPIRED: &str = "DELETE FROM sign_in_codes WHERE phone_code_hash IN (SELECT phone_code_hash \
     FROM sign_in_codes WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
const COUNT_SELECT: &str = "SELECT window_start, count FROM counters WHERE name = $1";
const COUNT_UPSERT: &str = "INSERT INTO counters (name, window_start, count) VALUES ($1, $2, $3) \
     ON CONFLICT (name) DO UPDATE SET window_start = $2, count = $3";
const COUNT_DELETE: &str = "DELETE FROM counters WHERE name IN (SELECT name FROM counters \
     WHERE window_start < $1 ORDER BY window_start LIMIT $2)";

/// How a code reached its person, kept beside it. Sealed as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sent {
    /// The number that asked; needed to send the code again by another way.
    pub phone: String,
    /// The name of the way that was used last: `app`, `console`, `sms`, `call`, `email`.
    pub channel: String,
    /// The address that was proven on the way, or is about to be; empty for none.
    pub email: String,
    /// Whoever types the code has no use of the account's address any more.
    pub resets_email: bool,
}

/// A code on its way. The code itself is kept only as a keyed hash.
#[derive(Clone)]
pub struct Code {
    /// What the client shows in the next step (`phone_code_hash`).
    pub id: Vec<u8>,
    pub phone_hash: [u8; 16],
    pub code_hash: [u8; 16],
    pub auth_key_id: i64,
    pub created_at: Time,
    pub expires_at: Time,
    /// Wrong tries so far.
    pub tries: i32,
    /// The code was entered rightly; only a name is missing (`auth.signUp`).
    pub confirmed: bool,
    pub sent: Sent,
}

impl Code {
    /// Whether `code` is the right one. Compares keyed hashes, so that time tells nothing of the digits.
    pub fn matches(&self, tx: &Tx<'_>, code: &str) -> bool {
        hash(tx, &self.id, code) == self.code_hash
    }
}

/// What [`insert`] keeps.
pub struct NewCode<'a> {
    pub id: &'a [u8],
    pub code: &'a str,
    pub auth_key_id: i64,
    pub expires_at: Time,
    pub sent: &'a Sent,
}

pub fn insert(tx: &mut Tx<'_>, new: &NewCode<'_>) -> Result<(), StoreError> {
    let payload = seal(tx, new.id, new.sent)?;
    let phone_hash = users::phone_hash(tx, &new.sent.phone);
    let code_hash = hash(tx, new.id, new.code);
    let values = [
        Value::Blob(new.id),
        Value::Blob(&phone_hash),
        Value::Blob(&code_hash),
        Value::Int(new.auth_key_id),
        Value::Int(tx.now().secs()),
        Value::Int(new.expires_at.secs()),
        Value::Blob(&payload),
    ];
    tx.execute(INSERT, &values)?;
    Ok(())
}

pub fn get(tx: &mut Tx<'_>, id: &[u8]) -> Result<Option<Code>, StoreError> {
    let row = tx.query_opt(SELECT, &[Value::Blob(id)])?;
    row.map(|row| read(tx, &row)).transpose()
}

/// The newest living code that this key asked for.
pub fn of_phone(tx: &mut Tx<'_>, phone: &str, auth_key_id: i64) -> Result<Option<Code>, StoreError> {
    let hash = users::phone_hash(tx, phone);
    let values = [Value::Blob(&hash), Value::Int(auth_key_id), Value::Int(tx.now().secs())];
    let row = tx.query_opt(OF_PHONE, &values)?;
    row.map(|row| read(tx, &row)).transpose()
}

pub fn set_progress(tx: &mut Tx<'_>, id: &[u8], tries: i32, confirmed: bool) -> Result<(), StoreError> {
    tx.execute(UPDATE, &[Value::Blob(id), Value::Int(tries.into()), Value::Int(confirmed.into())])?;
    Ok(())
}

/// Puts another code under the same id, sent by another way. Tries are counted anew: they were of the
/// old code.
pub fn replace(
    tx: &mut Tx<'_>,
    id: &[u8],
    code: &str,
    sent: &Sent,
    expires_at: Time,
) -> Result<(), StoreError> {
    let payload = seal(tx, id, sent)?;
    let code_hash = hash(tx, id, code);
    let values =
        [Value::Blob(id), Value::Blob(&code_hash), Value::Blob(&payload), Value::Int(expires_at.secs())];
    tx.execute(SET_CODE, &values)?;
    Ok(())
}

/// Notes another way that the same code went.
pub fn set_sent(tx: &mut Tx<'_>, id: &[u8], sent: &Sent) -> Result<(), StoreError> {
    let payload = seal(tx, id, sent)?;
    tx.execute(SET_SENT, &[Value::Blob(id), Value::Blob(&payload)])?;
    Ok(())
}

pub fn delete(tx: &mut Tx<'_>, id: &[u8]) -> Result<(), StoreError> {
    tx.execute(DELETE, &[Value::Blob(id)])?;
    Ok(())
}

/// Forgets the codes that were sent to an account's number.
pub(crate) fn delete_of_user(tx: &mut Tx<'_>, user: UserId) -> Result<(), StoreError> {
    tx.defer(DELETE_OF_USER, &[Value::Int(user.0)])
}

/// Forgets codes whose time is over, at most `limit`.
pub fn delete_expired(tx: &mut Tx<'_>, now: Time, limit: i64) -> Result<u64, StoreError> {
    tx.execute(DELETE_EXPIRED, &[Value::Int(now.secs()), Value::Int(limit)])
}

/// A flood counter: when its window began, and what was counted since. The name is kept as a keyed hash,
/// because it holds numbers and addresses.
pub fn counter(tx: &mut Tx<'_>, name: &str) -> Result<Option<(Time, u32)>, StoreError> {
    let hash = tx.keyed_hash("counter", name.as_bytes());
    let Some(row) = tx.query_opt(COUNT_SELECT, &[Value::Blob(&hash)])? else { return Ok(None) };
    Ok(Some((Time::from_secs(row.int(0)?), u32::try_from(row.int(1)?).unwrap_or(u32::MAX))))
}

pub fn set_counter(tx: &mut Tx<'_>, name: &str, start: Time, count: u32) -> Result<(), StoreError> {
    let hash = tx.keyed_hash("counter", name.as_bytes());
    tx.execute(COUNT_UPSERT, &[Value::Blob(&hash), Value::Int(start.secs()), Value::Int(count.into())])?;
    Ok(())
}

/// Forgets counters whose window began before `before`, at most `limit`.
pub fn delete_counters(tx: &mut Tx<'_>, before: Time, limit: i64) -> Result<u64, StoreError> {
    tx.execute(COUNT_DELETE, &[Value::Int(before.secs()), Value::Int(limit)])
}

/// Codes to accounts that exist are also shown on their other devices; this finds the account.
pub fn account_of(tx: &mut Tx<'_>, code: &Code) -> Result<Option<UserId>, StoreError> {
    users::by_phone(tx, &code.sent.phone)
}

fn hash(tx: &Tx<'_>, id: &[u8], code: &str) -> [u8; 16] {
    let mut value = id.to_vec();
    value.extend_from_slice(code.as_bytes());
    tx.keyed_hash("sign-in code", &value)
}

fn seal(tx: &mut Tx<'_>, id: &[u8], sent: &Sent) -> Result<Vec<u8>, StoreError> {
    let plain = serde_json::to_vec(sent).map_err(|_| StoreError::corrupt(TABLE, "payload"))?;
    tx.seal(Owner::Server, TABLE, RowKey::from(id), &plain)
}

fn fixed(bytes: &[u8], column: &'static str) -> Result<[u8; 16], StoreError> {
    bytes.try_into().map_err(|_| StoreError::corrupt(TABLE, column))
}

fn read(tx: &mut Tx<'_>, row: &Row) -> Result<Code, StoreError> {
    let id = row.blob(0)?.to_vec();
    let plain = tx.open_sealed(Owner::Server, TABLE, RowKey::from(&id[..]), row.blob(8)?)?;
    Ok(Code {
        phone_hash: fixed(row.blob(1)?, "phone_hash")?,
        code_hash: fixed(row.blob(2)?, "code_hash")?,
        auth_key_id: row.int(3)?,
        created_at: Time::from_secs(row.int(4)?),
        expires_at: Time::from_secs(row.int(5)?),
        tries: row.int32(6)?,
        confirmed: row.int(7)? != 0,
        sent: serde_json::from_slice(&plain).map_err(|_| StoreError::corrupt(TABLE, "payload"))?,
        id,
    })
}
