//! `auth.logOut`: a device leaves the account.

use domain::Error;
use store::auth_keys;

use crate::Service;

pub async fn sign_out(service: &Service, auth_key_id: i64) -> Result<(), Error> {
    service.store.write(move |tx| Ok(auth_keys::sign_out(tx, auth_key_id)?)).await
}
