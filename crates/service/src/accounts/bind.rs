//! `auth.bindTempAuthKey`: a temporary key begins to stand for a permanent one.

use domain::{Error, Fault, Time};
use store::auth_keys;

use crate::Service;

/// The bytes of a permanent key, to check the claim with; `None` when there is no such key.
pub async fn permanent_key(service: &Service, id: i64) -> Result<Option<[u8; 256]>, Error> {
    let key = service.store.read(move |tx| -> Result<_, Error> { Ok(auth_keys::get(tx, id)?) }).await?;
    Ok(key.filter(|key| !key.temporary).and_then(|key| key.key.try_into().ok()))
}

/// What a binding has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Somebody is signed in with the permanent key.
    pub has_user: bool,
    /// When the temporary key ends.
    pub expires_at: Time,
}

/// Binds, once the claim was found to hold. A second binding to the same key renews it.
///
///
/// Errors: `ENCRYPTED_MESSAGE_INVALID`, `TEMP_AUTH_KEY_EMPTY`, `TEMP_AUTH_KEY_ALREADY_BOUND`,
/// `EXPIRES_AT_INVALID`.
pub async fn bind(service: &Service, temp_id: i64, perm_id: i64, expires_at: Time) -> Result<Bound, Error> {
    service
        .store
        .write(move |tx| {
            let temp = auth_keys::get(tx, temp_id)?
                .filter(|key| key.temporary)
                .ok_or_else(Fault::temp_auth_key_empty)?;
            // It may have been destroyed since the claim was looked at.
            let perm = auth_keys::get(tx, perm_id)?
                .filter(|key| !key.temporary)
                .ok_or_else(Fault::encrypted_message_invalid)?;
            if temp.perm_id.is_some_and(|bound| bound != perm_id) {
                return Err(Fault::temp_auth_key_already_bound().into());
            }
            if expires_at <= tx.now() {
                return Err(Fault::expires_at_invalid().into());
            }
            // The key made in the handshake has an end of its own; binding never puts it off.
            let expires_at = temp.expires_at.map_or(expires_at, |end| end.min(expires_at));
            auth_keys::bind(tx, temp_id, perm_id, expires_at)?;
            Ok(Bound { has_user: perm.user.is_some(), expires_at })
        })
        .await
}
