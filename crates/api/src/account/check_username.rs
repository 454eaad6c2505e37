//! `account.checkUsername`

use domain::Error;
use rpc::Cx;
use service::profile::username;
use tl_api::functions;

/// Whether the caller could take a username.
///
/// Errors: `USERNAME_INVALID`, `FLOOD_WAIT_x`.
pub async fn handler(cx: Cx, request: functions::account::CheckUsername) -> Result<bool, Error> {
    username::is_free(cx.service(), cx.me()?, &request.username).await
}
