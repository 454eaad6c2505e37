//! `auth.importLoginToken`

use domain::Error;
use rpc::Cx;
use service::accounts::login_token;
use tl_api::{enums, functions};

use super::login_token as view;

/// The outcome of a token that this device was given. Tokens never move to another data centre here.
///
/// Errors: `AUTH_TOKEN_INVALID`, `AUTH_TOKEN_EXPIRED`.
pub async fn handler(
    cx: Cx,
    request: functions::auth::ImportLoginToken,
) -> Result<enums::auth::LoginToken, Error> {
    cx.await_login();
    let outcome = login_token::import(cx.service(), cx.auth_key_id(), request.token).await?;
    view::to_tl(&cx, outcome).await
}
