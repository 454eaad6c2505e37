//! `auth.resetAuthorizations`

use domain::Error;
use rpc::Cx;
use service::accounts::devices;
use tl_api::functions;

/// Signs every other device of the caller out.
///
/// Errors: `FRESH_RESET_AUTHORISATION_FORBIDDEN` on a device that was signed in less than a day ago, while
/// there is one that was there before it.
pub async fn handler(cx: Cx, _request: functions::auth::ResetAuthorizations) -> Result<bool, Error> {
    devices::reset_others(cx.service(), cx.me()?, cx.auth_key_id()).await?;
    Ok(true)
}
