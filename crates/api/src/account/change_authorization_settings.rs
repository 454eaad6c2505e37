//! `account.changeAuthorizationSettings`

use domain::Error;
use rpc::Cx;
use service::accounts::devices::{self, Change};
use tl_api::functions;

/// Says of a device that its sign-in was right, or what may not be offered to it.
///
/// Errors: `HASH_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::account::ChangeAuthorizationSettings,
) -> Result<bool, Error> {
    let change = Change {
        confirmed: request.confirmed,
        no_secret_chats: request.encrypted_requests_disabled,
        no_calls: request.call_requests_disabled,
    };
    let (me, key, origin) = (cx.me()?, cx.auth_key_id(), cx.origin());
    devices::change(cx.service(), me, key, request.hash, change, origin).await?;
    Ok(true)
}
