//! `account.updateStatus`

use domain::Error;
use rpc::Cx;
use service::accounts::presence;
use tl_api::functions;

/// The user is at this device, or went away from it.
///
/// Errors: none.
pub async fn handler(cx: Cx, request: functions::account::UpdateStatus) -> Result<bool, Error> {
    presence::update(cx.service(), cx.me()?, cx.auth_key_id(), !request.offline).await?;
    Ok(true)
}
