//! `contacts.resolvePhone`

use domain::Error;
use rpc::Cx;
use service::contacts::find;
use tl_api::{functions, types};

use crate::view;

/// The account of a number, if it wants to be found by it.
///
/// Errors: `PHONE_NOT_OCCUPIED`, `FLOOD_WAIT_x`.
pub async fn handler(
    cx: Cx,
    request: functions::contacts::ResolvePhone,
) -> Result<types::contacts::ResolvedPeer, Error> {
    let user = find::phone(cx.service(), cx.me()?, &request.phone).await?;
    view::resolved(&cx, user).await
}
