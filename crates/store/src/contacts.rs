//! Contact lists: whom each user saved, and under which name.

use domain::{Time, UserId};
use serde::{Deserialize, Serialize};

use crate::{Owner, Row, RowKey, StoreError, Tx, Value, users};

const TABLE: &str = "contacts";

macro_rules! columns {
    () => {
        "owner, phone_hash, user_id, entry, created_at"
    };
}

const UPSERT: &str = "INSERT INTO contacts (owner, phone_hash, user_id, entry, created_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (owner, phone_hash) DO UPDATE SET user_id = $3, entry = $4";
const BY_USER: &str = concat!("SELECT ", columns!(), " FROM contacts WHERE owner = $1 AND user_id = $2");
const BY_PHONE: &str = concat!("SELECT ", columns!(), " FROM contacts WHERE owner = $1 AND phone_hash = $2");
const COUNT: &str = "SELECT COUNT(*) FROM contacts WHERE owner = $1";
const IS_CONTACT: &str = "SELECT 1 FROM contacts WHERE owner = $1 AND user_id = $2 LIMIT 1";
const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM contacts WHERE owner = $1 AND user_id IS NOT NULL ORDER BY user_id"
);
const ALL: &str = concat!("SELECT ", columns!(), " FROM contacts WHERE owner = $1 ORDER BY created_at");
const WAITING: &str =
    concat!("SELECT ", columns!(), " FROM contacts WHERE phone_hash = $1 AND user_id IS NULL ORDER BY owner");
const JOINED: &str = "UPDATE contacts SET user_id = $3 WHERE owner = $1 AND phone_hash = $2";
const OWNERS: &str = "SELECT owner FROM contacts WHERE user_id = $1";
const OWNERS_PAGE: &str = "SELECT DISTINCT owner FROM contacts WHERE user_id = $1 ORDER BY owner LIMIT $2";
/// A number that has an account again is that one's.
const PART: &str = "UPDATE contacts SET user_id = (SELECT id FROM users WHERE users.phone_hash = contacts.phone_hash) \
     WHERE owner = $1 AND user_id = $2";
const DELETE: &str = "DELETE FROM contacts WHERE owner = $1 AND user_id = $2";
const DELETE_PHONE: &str = "DELETE FROM contacts WHERE owner = $1 AND phone_hash = $2";
const DELETE_WAITING: &str = "DELETE FROM contacts WHERE owner = $1 AND user_id IS NULL";
const DELETE_ALL: &str = "DELETE FROM contacts WHERE owner = $1";

/// What the owner saved. Sealed as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// Canonical digits; empty for a contact that was added without its number.
    pub phone: String,
    pub first_name: String,
    pub last_name: String,
    pub note: String,
}

#[derive(Clone, Debug)]
pub struct Contact {
    pub owner: UserId,
    /// The account behind the number; `None` while nobody has registered it.
    pub user: Option<UserId>,
    pub entry: Entry,
    pub created_at: Time,
}

/// Saves a contact, over an older entry of the same number (or of the same user without a number).
pub fn upsert(tx: &mut Tx<'_>, owner: UserId, user: Option<UserId>, entry: &Entry) -> Result<(), StoreError> {
    tx.changes(owner);
    let hash = key_hash(tx, user, &entry.phone);
    let plain = serde_json::to_vec(entry).map_err(|_| StoreError::corrupt(TABLE, "entry"))?;
    let sealed = tx.seal(Owner::User(owner.0), TABLE, RowKey::from(&hash[..]), &plain)?;
    let values = [
        Value::Int(owner.0),
        Value::Blob(&hash),
        Value::opt_int(user.map(|id| id.0)),
        Value::Blob(&sealed),
        Value::Int(tx.now().secs()),
    ];
    tx.execute(UPSERT, &values)?;
    Ok(())
}

pub fn by_user(tx: &mut Tx<'_>, owner: UserId, user: UserId) -> Result<Option<Contact>, StoreError> {
    let row = tx.query_opt(BY_USER, &[Value::Int(owner.0), Value::Int(user.0)])?;
    row.map(|row| read(tx, &row, 0)).transpose()
}

/// What the owner saved under a number.
pub fn by_phone(tx: &mut Tx<'_>, owner: UserId, phone: &str) -> Result<Option<Contact>, StoreError> {
    let hash = users::phone_hash(tx, phone);
    let row = tx.query_opt(BY_PHONE, &[Value::Int(owner.0), Value::Blob(&hash)])?;
    row.map(|row| read(tx, &row, 0)).transpose()
}

/// How many entries the owner saved, with and without an account.
pub fn count(tx: &mut Tx<'_>, owner: UserId) -> Result<i64, StoreError> {
    tx.query_opt(COUNT, &[Value::Int(owner.0)])?.map_or(Ok(0), |row| row.int(0))
}

pub fn is_contact(tx: &mut Tx<'_>, owner: UserId, user: UserId) -> Result<bool, StoreError> {
    Ok(tx.query_opt(IS_CONTACT, &[Value::Int(owner.0), Value::Int(user.0)])?.is_some())
}

/// Contacts that have an account, in order of its id.
pub fn list(tx: &mut Tx<'_>, owner: UserId) -> Result<Vec<Contact>, StoreError> {
    let rows = tx.query(LIST, &[Value::Int(owner.0)])?;
    rows.iter().map(|row| read(tx, row, 0)).collect()
}

/// Everything that the owner saved, with numbers that nobody has registered.
pub fn all(tx: &mut Tx<'_>, owner: UserId) -> Result<Vec<Contact>, StoreError> {
    let rows = tx.query(ALL, &[Value::Int(owner.0)])?;
    rows.iter().map(|row| read(tx, row, 0)).collect()
}

/// Who had saved a number before it got its account, in rising order of owner.
pub fn waiting_for(tx: &mut Tx<'_>, phone: &str) -> Result<Vec<Contact>, StoreError> {
    let hash = users::phone_hash(tx, phone);
    let rows = tx.query(WAITING, &[Value::Blob(&hash)])?;
    // What somebody had saved whose account is deleted by now is nobody's.
    rows.iter().filter_map(|row| StoreError::if_there(read(tx, row, 0)).transpose()).collect()
}

/// Ties an entry that was waiting to the account that its number now has.
pub fn joined(tx: &mut Tx<'_>, owner: UserId, phone: &str, user: UserId) -> Result<(), StoreError> {
    tx.changes(owner);
    let hash = users::phone_hash(tx, phone);
    tx.execute(JOINED, &[Value::Int(owner.0), Value::Blob(&hash), Value::Int(user.0)])?;
    Ok(())
}

/// Whose contact a user is.
pub fn owners_of(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<UserId>, StoreError> {
    tx.query(OWNERS, &[Value::Int(user.0)])?.iter().map(|row| row.int(0).map(UserId)).collect()
}

/// The first of those whose contact a user is, in rising order.
pub fn some_owners_of(tx: &mut Tx<'_>, user: UserId, limit: i64) -> Result<Vec<UserId>, StoreError> {
    let rows = tx.query(OWNERS_PAGE, &[Value::Int(user.0), Value::Int(limit)])?;
    rows.iter().map(|row| row.int(0).map(UserId)).collect()
}

/// A contact's account is gone. The number that the owner saved stays, and waits for whoever registers it;
/// a contact that was saved without one goes.
pub fn part(tx: &mut Tx<'_>, owner: UserId, user: UserId) -> Result<(), StoreError> {
    tx.changes(owner);
    let unnumbered = key_hash(tx, Some(user), "");
    tx.execute(DELETE_PHONE, &[Value::Int(owner.0), Value::Blob(&unnumbered)])?;
    tx.execute(PART, &[Value::Int(owner.0), Value::Int(user.0)])?;
    Ok(())
}

pub fn delete(tx: &mut Tx<'_>, owner: UserId, user: UserId) -> Result<bool, StoreError> {
    tx.changes(owner);
    Ok(tx.execute(DELETE, &[Value::Int(owner.0), Value::Int(user.0)])? > 0)
}

pub fn delete_phone(tx: &mut Tx<'_>, owner: UserId, phone: &str) -> Result<bool, StoreError> {
    tx.changes(owner);
    let hash = users::phone_hash(tx, phone);
    Ok(tx.execute(DELETE_PHONE, &[Value::Int(owner.0), Value::Blob(&hash)])? > 0)
}

/// Deletes the entries whose numbers have no account.
pub fn delete_waiting(tx: &mut Tx<'_>, owner: UserId) -> Result<(), StoreError> {
    tx.changes(owner);
    tx.defer(DELETE_WAITING, &[Value::Int(owner.0)])
}

pub fn delete_all(tx: &mut Tx<'_>, owner: UserId) -> Result<u64, StoreError> {
    tx.changes(owner);
    tx.execute(DELETE_ALL, &[Value::Int(owner.0)])
}

/// A contact without a number is filed under its account instead.
fn key_hash(tx: &Tx<'_>, user: Option<UserId>, phone: &str) -> [u8; 16] {
    match (phone.is_empty(), user) {
        (true, Some(user)) => tx.keyed_hash("contact without number", &user.0.to_be_bytes()),
        _ => users::phone_hash(tx, phone),
    }
}

/// Reads the columns of a contact that begin with column `at`.
pub(crate) fn read(tx: &mut Tx<'_>, row: &Row, at: usize) -> Result<Contact, StoreError> {
    let owner = UserId(row.int(at)?);
    let key = RowKey::from(row.blob(at + 1)?);
    let plain = tx.open_sealed(Owner::User(owner.0), TABLE, key, row.blob(at + 3)?)?;
    Ok(Contact {
        owner,
        user: row.opt_int(at + 2)?.map(UserId),
        entry: serde_json::from_slice(&plain).map_err(|_| StoreError::corrupt(TABLE, "entry"))?,
        created_at: Time::from_secs(row.int(at + 4)?),
    })
}
