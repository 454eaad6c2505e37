//! A key begins to belong to an account: the step that every way of signing in shares.

use domain::{Error, Fault, UserId, limits};
use store::auth_keys::{self, flag};
use store::{StoreError, Tx, users};

use crate::messages::notice;

/// Who says that a sign-in is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The device typed a code. The user's other devices are asked whether it was theirs.
    Code,
    /// Another device of the user let it in.
    Device,
}

/// Signs a key in, and tells the user's other devices. A key that belonged to somebody else leaves them.
///
/// Errors: `USER_DEACTIVATED` when the account was deleted in this moment.
pub fn admit(tx: &mut Tx<'_>, auth_key_id: i64, user: UserId, proof: Proof) -> Result<(), Error> {
    let Some(key) = auth_keys::get(tx, auth_key_id)? else {
        return Err(Error::internal("a key without a record called"));
    };
    if key.user == Some(user) && key.main_id.is_none() {
        return Ok(());
    }
    users::get(tx, user)?.ok_or_else(Fault::user_deactivated)?;
    // It counts as used from here: the first call may come when the account's time would be over.
    let now = tx.now();
    users::set_last_active(tx, user, now)?;
    leave(tx, &key)?;
    let others = auth_keys::of_user(tx, user)?;
    make_room(tx, &others)?;
    let flags = if proof == Proof::Code && !others.is_empty() { flag::UNCONFIRMED } else { 0 };
    auth_keys::sign_in(tx, auth_key_id, user, None, flags)?;
    if !others.is_empty() {
        notice::new_sign_in(tx, user, &key, flags & flag::UNCONFIRMED != 0)?;
    }
    Ok(())
}

/// Whoever was signed in with the key is not any more, nor with those that shared its sign-in.
pub fn leave(tx: &mut Tx<'_>, key: &auth_keys::AuthKey) -> Result<(), StoreError> {
    if key.user.is_some() { auth_keys::sign_out(tx, key.id, false) } else { Ok(()) }
}

/// The device that was unused longest gives way to a new one when there are too many.
fn make_room(tx: &mut Tx<'_>, devices: &[auth_keys::AuthKey]) -> Result<(), StoreError> {
    for device in devices.iter().skip(limits::AUTHORIZATIONS - 1) {
        auth_keys::sign_out(tx, device.id, true)?;
    }
    Ok(())
}
