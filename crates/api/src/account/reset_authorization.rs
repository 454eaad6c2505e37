//! `account.resetAuthorization`

use domain::Error;
use rpc::Cx;
use service::accounts::devices;
use tl_api::functions;

/// Signs another device of the caller out.
///
/// Errors: `HASH_INVALID`; `FRESH_RESET_AUTHORISATION_FORBIDDEN` on a device that was signed in less than a
/// day ago, for one that was there before it.
pub async fn handler(cx: Cx, request: functions::account::ResetAuthorization) -> Result<bool, Error> {
    devices::reset_one(cx.service(), cx.me()?, cx.auth_key_id(), request.hash).await?;
    Ok(true)
}
