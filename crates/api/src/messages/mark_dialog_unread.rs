//! `messages.markDialogUnread`

use domain::{Error, Fault};
use rpc::Cx;
use service::dialogs::mark;
use tl_api::functions;

use crate::view;

/// Marks a dialog as unread by hand, or takes the mark off.
///
/// Errors: `PEER_ID_INVALID`.
pub async fn handler(cx: Cx, request: functions::messages::MarkDialogUnread) -> Result<bool, Error> {
    if request.parent_peer.is_some() {
        return Err(Fault::peer_id_invalid().into());
    }
    let peer = view::dialog_peer(&cx, request.peer)?;
    mark::unread(cx.service(), cx.me()?, peer, request.unread, cx.origin()).await?;
    Ok(true)
}
