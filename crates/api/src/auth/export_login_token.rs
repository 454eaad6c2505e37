//! `auth.exportLoginToken`

use domain::Error;
use rpc::Cx;
use service::accounts::login_token;
use tl_api::{enums, functions};

use super::login_token as view;

/// A token to show as a QR code; called again after `updateLoginToken`, the authorization.
///
/// Accounts that the client is signed in to already (`except_ids`) are nothing to this key, which has none.
///
/// Errors: `FLOOD_WAIT_x`.
pub async fn handler(
    cx: Cx,
    _request: functions::auth::ExportLoginToken,
) -> Result<enums::auth::LoginToken, Error> {
    // Before the token exists: it may be accepted before this call is answered.
    cx.await_login();
    let outcome = login_token::export(cx.service(), cx.auth_key_id()).await?;
    view::to_tl(&cx, outcome).await
}
