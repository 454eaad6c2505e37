//! `messages.toggleSavedDialogPin`

use domain::Error;
use rpc::Cx;
use service::messages::saved;
use tl_api::functions;

use crate::view;

/// Puts a dialog of Saved Messages on top of the pinned ones, or lets it go.
///
/// Errors: `PEER_ID_INVALID`, `PEER_HISTORY_EMPTY`, `PINNED_DIALOGS_TOO_MUCH`.
pub async fn handler(cx: Cx, request: functions::messages::ToggleSavedDialogPin) -> Result<bool, Error> {
    let peer = view::dialog_peer(&cx, request.peer)?;
    saved::toggle_pin(cx.service(), cx.me()?, peer, request.pinned, cx.origin()).await?;
    Ok(true)
}
