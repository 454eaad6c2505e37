//! `auth.acceptLoginToken`

use domain::{Error, Fault};
use rpc::Cx;
use service::accounts::login_token;
use tl_api::{functions, types};
use updates::devices;

use crate::view;

/// Lets the device in that shows the token.
///
/// Errors: `AUTH_TOKEN_INVALIDX`, `AUTH_TOKEN_EXPIRED`, `AUTH_TOKEN_ALREADY_ACCEPTED`.
pub async fn handler(
    cx: Cx,
    request: functions::auth::AcceptLoginToken,
) -> Result<types::Authorization, Error> {
    let key = login_token::accept(cx.service(), cx.me()?, request.token).await?;
    let device = view::read(&cx, move |tx| Ok(devices::by_key(tx, key)?)).await?;
    Ok(device.ok_or_else(Fault::auth_token_expired)?)
}
