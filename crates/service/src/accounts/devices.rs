//! The devices that are signed in to an account: ending and judging them.

use domain::{Error, Fault, UserId, limits};
use store::auth_keys::{self, AuthKey, flag};
use store::{StoreError, Tx, users};
use updates::event;
use updates::log::{self, Origin};

use crate::Service;

/// Signs one device out, by the number that the list of devices shows.
///
/// Errors: `HASH_INVALID`, `FRESH_RESET_AUTHORISATION_FORBIDDEN`.
pub async fn reset_one(service: &Service, user: UserId, auth_key_id: i64, hash: i64) -> Result<(), Error> {
    service
        .store
        .write(move |tx| {
            let me = main_key(tx, auth_key_id)?;
            let device = by_hash(tx, user, hash)?.filter(|device| device.id != me.id);
            let device = device.ok_or_else(Fault::hash_invalid)?;
            may_reset(tx, &me, &device)?;
            auth_keys::sign_out(tx, device.id, true)?;
            Ok(())
        })
        .await
}

/// Signs every other device out.
///
/// Errors: `FRESH_RESET_AUTHORISATION_FORBIDDEN`.
pub async fn reset_others(service: &Service, user: UserId, auth_key_id: i64) -> Result<(), Error> {
    service
        .store
        .write(move |tx| {
            let me = main_key(tx, auth_key_id)?;
            for device in auth_keys::of_user(tx, user)?.iter().filter(|device| device.id != me.id) {
                may_reset(tx, &me, device)?;
                auth_keys::sign_out(tx, device.id, true)?;
            }
            Ok(())
        })
        .await
}

/// What one device may take, as another one decides.
#[derive(Clone, Copy, Debug, Default)]
pub struct Change {
    /// The user says that the sign-in was theirs.
    pub confirmed: bool,
    pub no_secret_chats: Option<bool>,
    pub no_calls: Option<bool>,
}

/// A sign-in is confirmed by a device that is itself beyond doubt: whoever stole a way in must not be able to
/// say that it was the owner.
///
/// Errors: `HASH_INVALID`.
pub async fn change(
    service: &Service,
    user: UserId,
    auth_key_id: i64,
    hash: i64,
    change: Change,
    origin: Origin,
) -> Result<(), Error> {
    service
        .store
        .write(move |tx| {
            let device = if hash == 0 { Some(main_key(tx, auth_key_id)?) } else { by_hash(tx, user, hash)? };
            let device = device.ok_or_else(Fault::hash_invalid)?;
            if change.confirmed {
                let me = main_key(tx, auth_key_id)?;
                if device.id == me.id || me.flags & flag::UNCONFIRMED != 0 {
                    return Err(Fault::hash_invalid().into());
                }
            }
            let mut flags = device.flags;
            set(&mut flags, flag::NO_SECRET_CHATS, change.no_secret_chats);
            set(&mut flags, flag::NO_CALLS, change.no_calls);
            set(&mut flags, flag::UNCONFIRMED, change.confirmed.then_some(false));
            if flags != device.flags {
                auth_keys::set_flags(tx, device.id, flags)?;
            }
            if (device.flags & !flags) & flag::UNCONFIRMED != 0 {
                let hash = event::authorization_hash(tx, device.id);
                log::append(tx, user, event::authorization_confirmed(hash), origin)?;
            }
            Ok(())
        })
        .await
}

/// How long a device may be unused before it is signed out.
///
/// Errors: `TTL_DAYS_INVALID`.
pub async fn set_period(service: &Service, user: UserId, days: i32) -> Result<(), Error> {
    if !(limits::AUTHORIZATION_TTL_DAYS_MIN..=limits::AUTHORIZATION_TTL_DAYS_MAX).contains(&days) {
        return Err(Fault::ttl_days_invalid().into());
    }
    service.store.write(move |tx| Ok(users::set_sign_out_after(tx, user, days)?)).await
}

/// Forgets the temporary keys bound to a permanent one, but those in `except`. Gives the forgotten ones.
pub async fn drop_temporary(
    service: &Service,
    auth_key_id: i64,
    except: Vec<i64>,
) -> Result<Vec<i64>, Error> {
    service
        .store
        .write(move |tx| {
            let mut dropped = auth_keys::bound_to(tx, auth_key_id)?;
            dropped.retain(|key| !except.contains(key));
            for key in &dropped {
                auth_keys::delete(tx, *key)?;
            }
            Ok(dropped)
        })
        .await
}

/// The key that a device is known by: the caller's own, or the one whose sign-in it shares.
pub fn main_key(tx: &mut Tx<'_>, auth_key_id: i64) -> Result<AuthKey, Error> {
    let key = auth_keys::get(tx, auth_key_id)?.ok_or_else(Fault::auth_key_unregistered)?;
    let Some(main_id) = key.main_id else { return Ok(key) };
    Ok(auth_keys::get(tx, main_id)?.ok_or_else(Fault::auth_key_unregistered)?)
}

fn by_hash(tx: &mut Tx<'_>, user: UserId, hash: i64) -> Result<Option<AuthKey>, StoreError> {
    let devices = auth_keys::of_user(tx, user)?;
    Ok(devices.into_iter().find(|device| event::authorization_hash(tx, device.id) == hash))
}

/// Whoever steals a way in must not be able to lock out those who were there before.
fn may_reset(tx: &Tx<'_>, me: &AuthKey, device: &AuthKey) -> Result<(), Fault> {
    let (Some(mine), Some(theirs)) = (me.signed_in_at, device.signed_in_at) else { return Ok(()) };
    let fresh = mine.plus_secs(limits::FRESH_AUTHORIZATION_SECS) > tx.now();
    if fresh && theirs < mine { Err(Fault::fresh_reset_authorisation_forbidden()) } else { Ok(()) }
}

fn set(flags: &mut i64, flag: i64, value: Option<bool>) {
    match value {
        Some(true) => *flags |= flag,
        Some(false) => *flags &= !flag,
        None => {}
    }
}
