//! `auth.exportAuthorization`, `auth.importAuthorization`: a device carries its sign-in from its key of one
//! data centre to its key of another. Both keys are one device: they are listed and signed out as one.

use domain::{Error, Fault, UserId, limits};
use store::auth_keys;
use store::login_tokens::{self, Kind, LoginToken};

use super::admit::leave;
use super::devices::main_key;
use crate::Service;

/// Bytes that sign another key in, once and soon.
pub async fn export(service: &Service, user: UserId, auth_key_id: i64) -> Result<Vec<u8>, Error> {
    let bytes = service.random.bytes::<64>().to_vec();
    service
        .store
        .write(move |tx| {
            let main = main_key(tx, auth_key_id)?;
            let expires_at = tx.now().plus_secs(limits::EXPORTED_AUTHORIZATION_LIFETIME_SECS);
            let token = LoginToken { auth_key_id: main.id, expires_at, user: Some(user) };
            login_tokens::insert(tx, Kind::Carried, &bytes, &token)?;
            Ok(bytes)
        })
        .await
}

/// Signs the key in that shows the bytes, as part of the device that exported them.
///
/// Errors: `AUTH_BYTES_INVALID`.
pub async fn import(service: &Service, auth_key_id: i64, id: i64, bytes: Vec<u8>) -> Result<UserId, Error> {
    service
        .store
        .write(move |tx| {
            let token = login_tokens::get(tx, Kind::Carried, &bytes)?
                .filter(|token| token.expires_at > tx.now() && token.user == Some(UserId(id)));
            let token = token.ok_or_else(Fault::auth_bytes_invalid)?;
            login_tokens::delete(tx, &bytes)?;
            let user = UserId(id);
            // Meanwhile the device may have been signed out.
            auth_keys::get(tx, token.auth_key_id)?
                .filter(|main| main.user == Some(user))
                .ok_or_else(Fault::auth_bytes_invalid)?;
            let key = auth_keys::get(tx, auth_key_id)?.ok_or_else(Fault::auth_bytes_invalid)?;
            if key.user != Some(user) {
                leave(tx, &key)?;
                auth_keys::sign_in(tx, auth_key_id, user, Some(token.auth_key_id), 0)?;
            }
            Ok(user)
        })
        .await
}
