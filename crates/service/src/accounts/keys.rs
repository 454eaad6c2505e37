//! Authorization keys, for those who seal packets with them and those who ask whose they are.

use domain::{Error, Time, UserId};
use store::auth_keys::{self, NewKey};

pub use store::auth_keys::{AuthKey, Device};

use crate::Service;

/// What a finished handshake leaves behind.
pub struct Created {
    pub id: i64,
    pub key: Vec<u8>,
    pub expires_at: Option<Time>,
    pub initial_salt: i64,
    pub dc: i32,
}

pub async fn load(service: &Service, id: i64) -> Result<Option<AuthKey>, Error> {
    service.store.read(move |tx| Ok(auth_keys::get(tx, id)?)).await
}

/// False, and nothing is kept, when the id is taken.
pub async fn create(service: &Service, created: Created) -> Result<bool, Error> {
    service
        .store
        .write(move |tx| {
            if auth_keys::get(tx, created.id)?.is_some() {
                return Ok(false);
            }
            let new = NewKey {
                id: created.id,
                key: &created.key,
                expires_at: created.expires_at,
                initial_salt: created.initial_salt,
                dc: created.dc,
            };
            auth_keys::insert(tx, &new)?;
            Ok(true)
        })
        .await
}

/// Forgets a key and the temporary keys bound to it; false when there is none.
pub async fn destroy(service: &Service, id: i64) -> Result<bool, Error> {
    service
        .store
        .write(move |tx| {
            let known = auth_keys::get(tx, id)?.is_some();
            auth_keys::delete(tx, id)?;
            Ok(known)
        })
        .await
}

/// Remembers the layer and the device that a client announced.
pub async fn describe(service: &Service, id: i64, layer: i32, device: Device) -> Result<(), Error> {
    service.store.write(move |tx| Ok(auth_keys::set_device(tx, id, layer, &device)?)).await
}

/// Notes that a device was in use, for the list of sessions, and its account, for the time limit of unused
/// ones. What others see as "last seen" is another matter: only `account.updateStatus` sets it.
pub async fn used(service: &Service, id: i64, user: Option<UserId>) -> Result<(), Error> {
    let now = service.now();
    service
        .store
        .write(move |tx| {
            auth_keys::set_active(tx, id, now)?;
            if let Some(user) = user {
                store::users::set_last_active(tx, user, now)?;
            }
            Ok(())
        })
        .await
}
