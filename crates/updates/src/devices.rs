//! The devices of a user, as the list of sessions shows them.

use domain::{UserId, limits};
use store::auth_keys::{self, AuthKey, flag};
use store::{StoreError, Tx, users};
use tl_api::types;

use crate::event;

/// The devices that a user is signed in with, the one that asks first.
pub fn list(
    tx: &mut Tx<'_>,
    user: UserId,
    auth_key_id: i64,
) -> Result<types::account::Authorizations, StoreError> {
    let current = auth_keys::get(tx, auth_key_id)?.and_then(|key| key.main_id).unwrap_or(auth_key_id);
    let mut devices = auth_keys::of_user(tx, user)?;
    devices.sort_by_key(|device| device.id != current);
    let periods = users::periods(tx, user)?;
    Ok(types::account::Authorizations {
        authorization_ttl_days: periods.map_or(limits::AUTHORIZATION_TTL_DAYS, |p| p.sign_out_after_days),
        authorizations: devices.iter().map(|device| one(tx, device, device.id == current)).collect(),
    })
}

/// One device by its key.
pub fn by_key(tx: &mut Tx<'_>, auth_key_id: i64) -> Result<Option<types::Authorization>, StoreError> {
    Ok(auth_keys::get(tx, auth_key_id)?.map(|key| one(tx, &key, false)))
}

/// Where a device is in the world is not guessed from its address.
fn one(tx: &Tx<'_>, key: &AuthKey, current: bool) -> types::Authorization {
    let device = &key.device;
    types::Authorization {
        current,
        encrypted_requests_disabled: key.flags & flag::NO_SECRET_CHATS != 0,
        call_requests_disabled: key.flags & flag::NO_CALLS != 0,
        unconfirmed: key.flags & flag::UNCONFIRMED != 0,
        // Clients know the device that asks by this number.
        hash: if current { 0 } else { event::authorization_hash(tx, key.id) },
        device_model: device.device_model.clone(),
        system_version: device.system_version.clone(),
        api_id: device.api_id,
        app_name: app_name(key),
        app_version: device.app_version.clone(),
        date_created: key.signed_in_at.unwrap_or(key.created_at).wire(),
        date_active: key.last_active.wire(),
        ip: device.address.clone(),
        ..Default::default()
    }
}

/// No register of apps exists here: an app is known by the language pack that it names, or by its number.
fn app_name(key: &AuthKey) -> String {
    match key.device.lang_pack.as_str() {
        "" => format!("App {}", key.device.api_id),
        pack => pack.to_owned(),
    }
}
