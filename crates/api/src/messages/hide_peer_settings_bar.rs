//! `messages.hidePeerSettingsBar`

use domain::Error;
use rpc::Cx;
use service::dialogs::mark;
use tl_api::functions;

use crate::view;

/// Puts away the bar above a chat, on all devices.
///
/// Errors: `PEER_ID_INVALID`.
pub async fn handler(cx: Cx, request: functions::messages::HidePeerSettingsBar) -> Result<bool, Error> {
    let peer = view::peer(&cx, request.peer)?;
    mark::hide_bar(cx.service(), cx.me()?, peer, cx.origin()).await?;
    Ok(true)
}
