//! `auth.logOut`

use domain::Error;
use rpc::Cx;
use service::accounts::sign_out;
use tl_api::{functions, types};

/// Ends the authorization of this device. The auth key stays good for signing in again.
///
/// Errors: none.
pub async fn handler(cx: Cx, _request: functions::auth::LogOut) -> Result<types::auth::LoggedOut, Error> {
    sign_out::sign_out(cx.service(), cx.auth_key_id()).await?;
    cx.devices().changed(cx.auth_key_id(), None, false);
    Ok(types::auth::LoggedOut::default())
}
