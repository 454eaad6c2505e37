//! Accounts: who exists, under which number and name.

use domain::{Time, UserId, limits};
use serde::{Deserialize, Serialize};

use crate::{Owner, Row, RowKey, StoreError, Tx, Value};

const INSERT: &str = "INSERT INTO users (id, phone_hash, profile, username_hash, created_at, last_seen, \
     last_active, flags, delete_after_days, sign_out_after_days, version) \
     VALUES ($1, $2, $3, $4, $5, $5, $5, $6, $7, $8, 1)";
const SELECT: &str = "SELECT id, profile, created_at, last_seen, flags, version FROM users WHERE id = $1";
const PERIODS: &str = "SELECT delete_after_days, sign_out_after_days FROM users WHERE id = $1";
const SET_DELETE_AFTER: &str = "UPDATE users SET delete_after_days = $2 WHERE id = $1";
const SET_SIGN_OUT_AFTER: &str = "UPDATE users SET sign_out_after_days = $2 WHERE id = $1";
const SET_FLAGS: &str = "UPDATE users SET flags = $2 WHERE id = $1";
const BY_PHONE: &str = "SELECT id FROM users WHERE phone_hash = $1";
const BY_USERNAME: &str = "SELECT id FROM users WHERE username_hash = $1";
const UPDATE_PROFILE: &str = "UPDATE users SET profile = $2, phone_hash = $3, username_hash = $4, \
     version = version + 1 WHERE id = $1";
const UPDATE_LAST_SEEN: &str =
    "UPDATE users SET last_seen = $2 WHERE id = $1 AND last_seen < $2 AND (flags & 8) = 0";
const UPDATE_LAST_ACTIVE: &str =
    "UPDATE users SET last_active = $2 WHERE id = $1 AND last_active < $2 AND (flags & 8) = 0";
const BURY: &str = "UPDATE users SET phone_hash = NULL, profile = $2, username_hash = NULL, created_at = 0, \
     last_seen = 0, last_active = 0, flags = 8, delete_after_days = 0, sign_out_after_days = 0, \
     version = version + 1 WHERE id = $1 AND (flags & 8) = 0";
// The condition on the flag is written as in the index, so that both engines see that it applies.
const DELETED: &str = "SELECT id FROM users WHERE id > $1 AND (flags & 8) = 8 ORDER BY id LIMIT $2";
const ACTIVE: &str =
    "SELECT id, last_active, delete_after_days, flags FROM users WHERE id > $1 ORDER BY id LIMIT $2";
const ACTIVE_OF: &str = "SELECT id, last_active, delete_after_days, flags FROM users WHERE id = $1";

const TABLE: &str = "users";

/// What a person says about themself. Sealed as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// The digits of the canonical form, without the plus sign; empty for accounts without a number.
    pub phone: String,
    pub first_name: String,
    pub last_name: String,
    pub about: String,
    /// As the owner writes it; empty for none.
    pub username: String,
    pub birthday: Option<Birthday>,
    /// Where sign-in codes go by e-mail; empty for nowhere. Nobody but the owner ever sees it.
    pub email: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Birthday {
    pub day: i32,
    pub month: i32,
    pub year: Option<i32>,
}

#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub profile: Profile,
    pub created_at: Time,
    pub last_seen: Time,
    pub flags: i64,
    /// Rises with each change of the profile.
    pub version: i64,
}

impl User {
    /// An account of the server itself; it never signs in and has no number to hide.
    pub const SERVICE: i64 = 1;
    /// Only contacts and those whom the account wrote to first may write to it.
    pub const NO_STRANGERS: i64 = 2;
    /// When the account read a message is told only to those who see when it was online.
    pub const HIDES_READ_DATES: i64 = 4;
    /// The account was deleted: the id is all that is left. The SQL above knows it as 8.
    pub const DELETED: i64 = 8;
}

/// What is behind an id.
#[derive(Clone, Debug)]
pub enum Account {
    /// No account ever had this id.
    None,
    Deleted,
    Living(Box<User>),
}

/// When an account was used last, and how long it may be unused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    pub id: UserId,
    pub last_active: Time,
    pub delete_after_days: i32,
    pub flags: i64,
}

/// What happens to an account that is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Periods {
    /// Days without use after which the account is deleted (P10.4).
    pub delete_after_days: i32,
    /// Days without use after which a device is signed out.
    pub sign_out_after_days: i32,
}

/// Creates an account.
///
/// Errors: [`StoreError::Conflict`] when the number, the username or the id is taken.
pub fn insert(tx: &mut Tx<'_>, id: UserId, profile: &Profile, flags: i64) -> Result<(), StoreError> {
    tx.changes(id);
    let sealed = seal(tx, id, profile)?;
    let (phone, username) = hashes(tx, profile);
    let now = tx.now().secs();
    tx.execute(
        INSERT,
        &[
            Value::Int(id.0),
            opt_blob(phone.as_ref()),
            Value::Blob(&sealed),
            opt_blob(username.as_ref()),
            Value::Int(now),
            Value::Int(flags),
            Value::Int(limits::ACCOUNT_TTL_DAYS_DEFAULT.into()),
            Value::Int(limits::AUTHORIZATION_TTL_DAYS.into()),
        ],
    )?;
    Ok(())
}

/// An account that lives; `None` also for one that was deleted.
pub fn get(tx: &mut Tx<'_>, id: UserId) -> Result<Option<User>, StoreError> {
    match find(tx, id)? {
        Account::Living(user) => Ok(Some(*user)),
        Account::Deleted | Account::None => Ok(None),
    }
}

pub fn find(tx: &mut Tx<'_>, id: UserId) -> Result<Account, StoreError> {
    match tx.query_opt(SELECT, &[Value::Int(id.0)])? {
        Some(row) => account(tx, &row),
        None => Ok(Account::None),
    }
}

/// Reads the first columns of a row, which are an account's.
pub(crate) fn account(tx: &mut Tx<'_>, row: &Row) -> Result<Account, StoreError> {
    if row.int(4)? & User::DELETED != 0 {
        // Another node may have deleted it.
        tx.evict(Owner::User(row.int(0)?));
        return Ok(Account::Deleted);
    }
    // Without its data key an account is gone, whatever an old backup says.
    let there = StoreError::if_there(read(tx, row))?;
    Ok(there.map_or(Account::Deleted, |user| Account::Living(Box::new(user))))
}

/// Whether there was an account of this id that was deleted.
pub fn is_deleted(tx: &mut Tx<'_>, id: UserId) -> Result<bool, StoreError> {
    Ok(matches!(find(tx, id)?, Account::Deleted))
}

/// The account of a canonical phone number.
pub fn by_phone(tx: &mut Tx<'_>, phone: &str) -> Result<Option<UserId>, StoreError> {
    let hash = phone_hash(tx, phone);
    id_of(tx.query_opt(BY_PHONE, &[Value::Blob(&hash)])?)
}

/// The account of a username; case does not matter.
pub fn by_username(tx: &mut Tx<'_>, username: &str) -> Result<Option<UserId>, StoreError> {
    let hash = username_hash(tx, username);
    id_of(tx.query_opt(BY_USERNAME, &[Value::Blob(&hash)])?)
}

/// Errors: [`StoreError::Conflict`] when the number or the username is another account's.
pub fn set_profile(tx: &mut Tx<'_>, id: UserId, profile: &Profile) -> Result<(), StoreError> {
    tx.changes(id);
    let sealed = seal(tx, id, profile)?;
    let (phone, username) = hashes(tx, profile);
    let values =
        [Value::Int(id.0), Value::Blob(&sealed), opt_blob(phone.as_ref()), opt_blob(username.as_ref())];
    tx.execute(UPDATE_PROFILE, &values)?;
    Ok(())
}

pub fn periods(tx: &mut Tx<'_>, id: UserId) -> Result<Option<Periods>, StoreError> {
    let row = tx.query_opt(PERIODS, &[Value::Int(id.0)])?;
    row.map(|row| Ok(Periods { delete_after_days: row.int32(0)?, sign_out_after_days: row.int32(1)? }))
        .transpose()
}

pub fn set_delete_after(tx: &mut Tx<'_>, id: UserId, days: i32) -> Result<(), StoreError> {
    tx.changes(id);
    tx.execute(SET_DELETE_AFTER, &[Value::Int(id.0), Value::Int(days.into())])?;
    Ok(())
}

pub fn set_sign_out_after(tx: &mut Tx<'_>, id: UserId, days: i32) -> Result<(), StoreError> {
    tx.changes(id);
    tx.execute(SET_SIGN_OUT_AFTER, &[Value::Int(id.0), Value::Int(days.into())])?;
    Ok(())
}

pub fn set_flags(tx: &mut Tx<'_>, id: UserId, flags: i64) -> Result<(), StoreError> {
    tx.changes(id);
    tx.execute(SET_FLAGS, &[Value::Int(id.0), Value::Int(flags)])?;
    Ok(())
}

/// Notes when the user was last online, as they let others know; an earlier time than is known changes
/// nothing.
pub fn set_last_seen(tx: &mut Tx<'_>, id: UserId, at: Time) -> Result<(), StoreError> {
    tx.changes(id);
    tx.defer(UPDATE_LAST_SEEN, &[Value::Int(id.0), Value::Int(at.secs())])
}

/// Notes the last sign of life, which nobody is shown; an earlier one than is known changes nothing.
pub fn set_last_active(tx: &mut Tx<'_>, id: UserId, at: Time) -> Result<(), StoreError> {
    tx.changes(id);
    tx.defer(UPDATE_LAST_ACTIVE, &[Value::Int(id.0), Value::Int(at.secs())])
}

/// Takes everything from an account but its id. False when it was taken already, or nobody has the id.
pub(crate) fn bury(tx: &mut Tx<'_>, id: UserId) -> Result<bool, StoreError> {
    tx.changes(id);
    Ok(tx.execute(BURY, &[Value::Int(id.0), Value::Blob(&[])])? > 0)
}

/// Ids above `after` of accounts that were deleted, in rising order.
pub fn deleted(tx: &mut Tx<'_>, after: UserId, limit: i64) -> Result<Vec<UserId>, StoreError> {
    let rows = tx.query(DELETED, &[Value::Int(after.0), Value::Int(limit)])?;
    rows.iter().map(|row| row.int(0).map(UserId)).collect()
}

/// When the accounts with ids above `after` were used last, in rising order of id.
pub fn uses(tx: &mut Tx<'_>, after: UserId, limit: i64) -> Result<Vec<Use>, StoreError> {
    tx.query(ACTIVE, &[Value::Int(after.0), Value::Int(limit)])?.iter().map(read_use).collect()
}

pub fn use_of(tx: &mut Tx<'_>, id: UserId) -> Result<Option<Use>, StoreError> {
    tx.query_opt(ACTIVE_OF, &[Value::Int(id.0)])?.as_ref().map(read_use).transpose()
}

fn read_use(row: &Row) -> Result<Use, StoreError> {
    Ok(Use {
        id: UserId(row.int(0)?),
        last_active: Time::from_secs(row.int(1)?),
        delete_after_days: row.int32(2)?,
        flags: row.int(3)?,
    })
}

/// The value by which a number is found without being readable.
pub fn phone_hash(tx: &Tx<'_>, phone: &str) -> [u8; 16] {
    tx.keyed_hash("phone", phone.as_bytes())
}

fn username_hash(tx: &Tx<'_>, username: &str) -> [u8; 16] {
    tx.keyed_hash("username", username.to_ascii_lowercase().as_bytes())
}

fn hashes(tx: &Tx<'_>, profile: &Profile) -> (Option<[u8; 16]>, Option<[u8; 16]>) {
    let phone = (!profile.phone.is_empty()).then(|| phone_hash(tx, &profile.phone));
    let username = (!profile.username.is_empty()).then(|| username_hash(tx, &profile.username));
    (phone, username)
}

fn seal(tx: &mut Tx<'_>, id: UserId, profile: &Profile) -> Result<Vec<u8>, StoreError> {
    let plain = serde_json::to_vec(profile).map_err(|_| StoreError::corrupt(TABLE, "profile"))?;
    tx.seal(Owner::User(id.0), TABLE, RowKey::from(id.0), &plain)
}

fn read(tx: &mut Tx<'_>, row: &Row) -> Result<User, StoreError> {
    let id = UserId(row.int(0)?);
    let plain = tx.open_sealed(Owner::User(id.0), TABLE, RowKey::from(id.0), row.blob(1)?)?;
    let profile = serde_json::from_slice(&plain).map_err(|_| StoreError::corrupt(TABLE, "profile"))?;
    Ok(User {
        id,
        profile,
        created_at: Time::from_secs(row.int(2)?),
        last_seen: Time::from_secs(row.int(3)?),
        flags: row.int(4)?,
        version: row.int(5)?,
    })
}

fn id_of(row: Option<Row>) -> Result<Option<UserId>, StoreError> {
    row.map(|row| row.int(0).map(UserId)).transpose()
}

fn opt_blob(hash: Option<&[u8; 16]>) -> Value<'_> {
    hash.map_or(Value::Null, |hash| Value::Blob(hash))
}
