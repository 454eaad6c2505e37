//! `account.updateUsername`

use domain::Error;
use rpc::Cx;
use service::profile::username;
use tl_api::{enums, functions};

use crate::view;

/// Gives the caller another username; an empty one gives it up.
///
/// Errors: `USERNAME_INVALID`, `USERNAME_NOT_MODIFIED`, `USERNAME_OCCUPIED`, `FLOOD_WAIT_x`.
pub async fn handler(cx: Cx, request: functions::account::UpdateUsername) -> Result<enums::User, Error> {
    let me = cx.me()?;
    username::update(cx.service(), me, &request.username, cx.origin()).await?;
    view::user(&cx, me, me).await
}
