//! `account.deleteAccount`

use domain::{Error, Fault};
use rpc::Cx;
use service::accounts::deletion;
use tl_api::{enums, functions};

/// Deletes the account for good. The reason is not kept.
///
/// No account has a password, so there is nothing to wait for; one that is given is wrong.
///
/// Errors: `PASSWORD_HASH_INVALID`, `USER_DEACTIVATED`.
pub async fn handler(cx: Cx, request: functions::account::DeleteAccount) -> Result<bool, Error> {
    let me = cx.me()?;
    if let Some(enums::InputCheckPasswordSrp::InputCheckPasswordSrp(_)) = request.password {
        return Err(Fault::password_hash_invalid().into());
    }
    deletion::delete(cx.service(), me, cx.auth_key_id()).await?;
    cx.devices().changed(cx.auth_key_id(), None, false);
    Ok(true)
}
