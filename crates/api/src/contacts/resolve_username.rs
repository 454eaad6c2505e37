//! `contacts.resolveUsername`

use domain::Error;
use rpc::Cx;
use service::contacts::find;
use tl_api::{functions, types};

use crate::view;

/// The account of a username.
///
/// Errors: `USERNAME_INVALID`, `USERNAME_NOT_OCCUPIED`, `FLOOD_WAIT_x`.
pub async fn handler(
    cx: Cx,
    request: functions::contacts::ResolveUsername,
) -> Result<types::contacts::ResolvedPeer, Error> {
    let user = find::username(cx.service(), cx.me()?, &request.username).await?;
    view::resolved(&cx, user).await
}
