//! Authorization keys, and which account each is signed in to.

use domain::{Hint, Time, UserId};
use serde::{Deserialize, Serialize};

use crate::{Owner, Row, RowKey, StoreError, Tx, Value};

const TABLE: &str = "auth_keys";
const DEVICE: &str = "auth_keys.device";

macro_rules! columns {
    () => {
        "id, key, temporary, perm_id, user_id, created_at, expires_at, initial_salt, dc, layer, device, \
         signed_in_at, last_active, main_id, flags"
    };
}

const INSERT: &str = "INSERT INTO auth_keys (id, key, temporary, created_at, expires_at, initial_salt, dc, \
     layer, last_active, flags) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $4, 0) ON CONFLICT (id) DO NOTHING";
const SELECT: &str = concat!("SELECT ", columns!(), " FROM auth_keys WHERE id = $1");
const OF_USER: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM auth_keys WHERE user_id = $1 AND main_id IS NULL ORDER BY last_active DESC, id"
);
const BIND: &str = "UPDATE auth_keys SET perm_id = $2, expires_at = $3 WHERE id = $1";
/// Holds the row, so that nobody seals a device for one owner while it gets another.
const HOLD: &str = "UPDATE auth_keys SET flags = flags WHERE id = $1 RETURNING user_id, device";
const SIGN_IN: &str = "UPDATE auth_keys SET user_id = $2, signed_in_at = $3, main_id = $4, flags = $5, \
     device = $6 WHERE id = $1";
const SIGN_OUT: &str = "UPDATE auth_keys SET user_id = NULL, signed_in_at = NULL, main_id = NULL, flags = 0, \
     device = NULL WHERE id = $1 OR main_id = $1 RETURNING id";
const ONE_OF_USER: &str = "SELECT id FROM auth_keys WHERE user_id = $1 ORDER BY id LIMIT 1";
const SET_FLAGS: &str = "UPDATE auth_keys SET flags = $2 WHERE id = $1";
const SET_DEVICE: &str = "UPDATE auth_keys SET layer = $2, device = $3 WHERE id = $1";
const SET_ACTIVE: &str = "UPDATE auth_keys SET last_active = $2 WHERE id = $1";
const DELETE: &str = "DELETE FROM auth_keys WHERE id = $1 OR perm_id = $1";
const EXPIRED: &str = "DELETE FROM auth_keys WHERE id IN (SELECT id FROM auth_keys WHERE temporary = 1 \
     AND expires_at < $1 ORDER BY expires_at LIMIT $2)";
const UNUSED: &str = "SELECT id FROM auth_keys WHERE temporary = 0 AND user_id IS NULL \
     AND (last_active < $1 OR (layer = 0 AND last_active < $2)) ORDER BY last_active LIMIT $3";
const IDLE: &str = "SELECT k.id FROM auth_keys k JOIN users u ON u.id = k.user_id \
     WHERE k.last_active < $1 AND k.last_active < $1 - (u.sign_out_after_days - 1) * 86400 \
     AND k.temporary = 0 AND k.main_id IS NULL ORDER BY k.last_active LIMIT $2";
const BOUND: &str = "SELECT id FROM auth_keys WHERE perm_id = $1";

/// What a client said of itself in `initConnection`, and where it called from. Sealed as a whole: for the user
/// who is signed in, else for the server. It does not outlive a sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Device {
    pub api_id: i32,
    pub device_model: String,
    pub system_version: String,
    pub app_version: String,
    pub system_lang_code: String,
    pub lang_pack: String,
    pub lang_code: String,
    pub address: String,
}

/// One authorization key with all that hangs on it. Its bytes are a secret: no `Debug`.
#[derive(Clone)]
pub struct AuthKey {
    pub id: i64,
    pub key: Vec<u8>,
    pub temporary: bool,
    /// The permanent key that a temporary one is bound to.
    pub perm_id: Option<i64>,
    pub user: Option<UserId>,
    pub created_at: Time,
    pub expires_at: Option<Time>,
    /// The salt that both sides derived from the handshake; valid at first.
    pub initial_salt: i64,
    /// The data centre that the client believes it is talking to.
    pub dc: i32,
    /// The layer last announced with this key; 0 before the first.
    pub layer: i32,
    pub device: Device,
    pub signed_in_at: Option<Time>,
    pub last_active: Time,
    /// The key whose sign-in this one shares: clients make a key for each data centre.
    pub main_id: Option<i64>,
    pub flags: i64,
}

/// Bits of [`AuthKey::flags`].
pub mod flag {
    /// The user was not yet asked whether this sign-in was theirs.
    pub const UNCONFIRMED: i64 = 1;
    /// The device takes no secret chats.
    pub const NO_SECRET_CHATS: i64 = 2;
    /// The device takes no calls.
    pub const NO_CALLS: i64 = 4;
}

/// What a finished handshake leaves behind.
pub struct NewKey<'a> {
    pub id: i64,
    pub key: &'a [u8],
    /// For temporary keys.
    pub expires_at: Option<Time>,
    pub initial_salt: i64,
    pub dc: i32,
}

pub fn insert(tx: &mut Tx<'_>, new: &NewKey<'_>) -> Result<(), StoreError> {
    let sealed = tx.seal(Owner::Server, TABLE, RowKey::from(new.id), new.key)?;
    let values = [
        Value::Int(new.id),
        Value::Blob(&sealed),
        Value::Int(new.expires_at.is_some().into()),
        Value::Int(tx.now().secs()),
        Value::opt_int(new.expires_at.map(Time::secs)),
        Value::Int(new.initial_salt),
        Value::Int(new.dc.into()),
    ];
    tx.execute(INSERT, &values)?;
    Ok(())
}

pub fn get(tx: &mut Tx<'_>, id: i64) -> Result<Option<AuthKey>, StoreError> {
    let row = tx.query_opt(SELECT, &[Value::Int(id)])?;
    row.map(|row| read(tx, &row)).transpose()
}

/// The devices of an account, last used first: keys with a sign-in of their own.
pub fn of_user(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<AuthKey>, StoreError> {
    let rows = tx.query(OF_USER, &[Value::Int(user.0)])?;
    rows.iter().map(|row| read(tx, row)).collect()
}

/// Ties a temporary key to a permanent one until `expires_at`.
pub fn bind(tx: &mut Tx<'_>, temp_id: i64, perm_id: i64, expires_at: Time) -> Result<(), StoreError> {
    tx.execute(BIND, &[Value::Int(temp_id), Value::Int(perm_id), Value::Int(expires_at.secs())])?;
    Ok(())
}

/// Temporary keys bound to a permanent one.
pub fn bound_to(tx: &mut Tx<'_>, perm_id: i64) -> Result<Vec<i64>, StoreError> {
    tx.query(BOUND, &[Value::Int(perm_id)])?.iter().map(|row| row.int(0)).collect()
}

/// Signs a key in. `main_id` names the key whose sign-in it shares, if it has none of its own.
pub fn sign_in(
    tx: &mut Tx<'_>,
    id: i64,
    user: UserId,
    main_id: Option<i64>,
    flags: i64,
) -> Result<(), StoreError> {
    let device = match hold(tx, id)? {
        Some((before, Some(sealed))) => {
            let plain = tx.open_sealed(owner(before), DEVICE, RowKey::from(id), &sealed)?;
            Some(tx.seal(owner(Some(user)), DEVICE, RowKey::from(id), &plain)?)
        }
        _ => None,
    };
    let values = [
        Value::Int(id),
        Value::Int(user.0),
        Value::Int(tx.now().secs()),
        Value::opt_int(main_id),
        Value::Int(flags),
        device.as_deref().map_or(Value::Null, Value::Blob),
    ];
    tx.execute(SIGN_IN, &values)?;
    tx.hint(Hint::Key { auth_key_id: id, user: Some(user), close: false });
    Ok(())
}

/// Signs a key out, and those that share its sign-in; what is known of the devices goes with it. `close`: at another device's wish, so that the
/// clients have to be told.
pub fn sign_out(tx: &mut Tx<'_>, id: i64, close: bool) -> Result<(), StoreError> {
    for row in tx.query(SIGN_OUT, &[Value::Int(id)])? {
        let key = row.int(0)?;
        // Whoever leaves by their own call gets an answer by that connection.
        tx.hint(Hint::Key { auth_key_id: key, user: None, close: close || key != id });
    }
    Ok(())
}

/// Signs every key of an account out. All clients are told but that of `own`, which leaves by its own call.
pub(crate) fn sign_out_all(tx: &mut Tx<'_>, user: UserId, own: Option<i64>) -> Result<(), StoreError> {
    // Its own first: as part of another's sign-in it would be told like the others.
    if let Some(own) = own {
        sign_out(tx, own, false)?;
    }
    // What shares a sign-in goes with it.
    while let Some(row) = tx.query_opt(ONE_OF_USER, &[Value::Int(user.0)])? {
        sign_out(tx, row.int(0)?, true)?;
    }
    Ok(())
}

pub fn set_flags(tx: &mut Tx<'_>, id: i64, flags: i64) -> Result<(), StoreError> {
    tx.execute(SET_FLAGS, &[Value::Int(id), Value::Int(flags)])?;
    Ok(())
}

/// Remembers what the client announced; sessions that announce nothing are taken for the same.
pub fn set_device(tx: &mut Tx<'_>, id: i64, layer: i32, device: &Device) -> Result<(), StoreError> {
    let Some((user, _)) = hold(tx, id)? else { return Ok(()) };
    let plain = serde_json::to_vec(device).map_err(|_| StoreError::corrupt(TABLE, "device"))?;
    let sealed = tx.seal(owner(user), DEVICE, RowKey::from(id), &plain)?;
    tx.execute(SET_DEVICE, &[Value::Int(id), Value::Int(layer.into()), Value::Blob(&sealed)])?;
    Ok(())
}

pub fn set_active(tx: &mut Tx<'_>, id: i64, at: Time) -> Result<(), StoreError> {
    tx.execute(SET_ACTIVE, &[Value::Int(id), Value::Int(at.secs())])?;
    Ok(())
}

/// Forgets a key and the temporary keys bound to it; whoever shares its sign-in is signed out.
pub fn delete(tx: &mut Tx<'_>, id: i64) -> Result<(), StoreError> {
    sign_out(tx, id, false)?;
    tx.execute(DELETE, &[Value::Int(id)])?;
    Ok(())
}

/// Forgets temporary keys whose time is over, at most `limit`.
pub fn delete_expired(tx: &mut Tx<'_>, now: Time, limit: i64) -> Result<u64, StoreError> {
    tx.execute(EXPIRED, &[Value::Int(now.secs()), Value::Int(limit)])
}

/// Permanent keys that nobody is signed in with and that were last used before `before`, or before
/// `silent_before` when their client never announced a layer.
pub fn unused(
    tx: &mut Tx<'_>,
    before: Time,
    silent_before: Time,
    limit: i64,
) -> Result<Vec<i64>, StoreError> {
    let rows =
        tx.query(UNUSED, &[Value::Int(before.secs()), Value::Int(silent_before.secs()), Value::Int(limit)])?;
    rows.iter().map(|row| row.int(0)).collect()
}

/// Keys that are signed in, and unused for longer than their users let devices be.
pub fn idle(tx: &mut Tx<'_>, now: Time, limit: i64) -> Result<Vec<i64>, StoreError> {
    let a_day_ago = now.plus_secs(-86_400);
    let rows = tx.query(IDLE, &[Value::Int(a_day_ago.secs()), Value::Int(limit)])?;
    rows.iter().map(|row| row.int(0)).collect()
}

/// Whose a device's description is.
fn owner(user: Option<UserId>) -> Owner {
    user.map_or(Owner::Server, |user| Owner::User(user.0))
}

type Held = (Option<UserId>, Option<Vec<u8>>);

/// Who is signed in with a key and what is sealed of its device; both stay until the transaction ends.
fn hold(tx: &mut Tx<'_>, id: i64) -> Result<Option<Held>, StoreError> {
    let Some(row) = tx.query_opt(HOLD, &[Value::Int(id)])? else { return Ok(None) };
    Ok(Some((row.opt_int(0)?.map(UserId), row.opt_blob(1)?.map(<[u8]>::to_vec))))
}

fn read(tx: &mut Tx<'_>, row: &Row) -> Result<AuthKey, StoreError> {
    let id = row.int(0)?;
    let key = tx.open_sealed(Owner::Server, TABLE, RowKey::from(id), row.blob(1)?)?;
    let user = row.opt_int(4)?.map(UserId);
    let device = match row.opt_blob(10)? {
        Some(sealed) => {
            let plain = tx.open_sealed(owner(user), DEVICE, RowKey::from(id), sealed)?;
            serde_json::from_slice(&plain).map_err(|_| StoreError::corrupt(TABLE, "device"))?
        }
        None => Device::default(),
    };
    Ok(AuthKey {
        id,
        key,
        temporary: row.int(2)? != 0,
        perm_id: row.opt_int(3)?,
        user,
        created_at: Time::from_secs(row.int(5)?),
        expires_at: row.opt_int(6)?.map(Time::from_secs),
        initial_salt: row.int(7)?,
        dc: row.int32(8)?,
        layer: row.int32(9)?,
        device,
        signed_in_at: row.opt_int(11)?.map(Time::from_secs),
        last_active: Time::from_secs(row.int(12)?),
        main_id: row.opt_int(13)?,
        flags: row.int(14)?,
    })
}
