//! `account.getNotifySettings`

use domain::Error;
use rpc::Cx;
use rpc::convert::notify as from_tl;
use tl_api::{functions, types};
use updates::notify;

use crate::view;

/// How devices tell of new messages, in all chats of a kind or in one.
///
/// Errors: `PEER_ID_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::account::GetNotifySettings,
) -> Result<types::PeerNotifySettings, Error> {
    let me = cx.me()?;
    view::read(&cx, move |tx| {
        let scope = from_tl::scope(tx, me, &request.peer)?;
        Ok(notify::settings(tx, me, scope)?)
    })
    .await
}
