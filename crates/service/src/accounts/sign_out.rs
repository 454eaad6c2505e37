//! `auth.logOut`: a device leaves the account.

use domain::Error;
use store::auth_keys;

use crate::Service;

/// Signs a key out, with those that share its sign-in. Of a key that shares another one's, only that key.
pub async fn sign_out(service: &Service, auth_key_id: i64) -> Result<(), Error> {
    service.store.write(move |tx| Ok(auth_keys::sign_out(tx, auth_key_id, false)?)).await
}
