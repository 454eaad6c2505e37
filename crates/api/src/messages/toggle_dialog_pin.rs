//! `messages.toggleDialogPin`

use domain::Error;
use rpc::Cx;
use service::dialogs::pin;
use tl_api::functions;

use crate::view;

/// Puts a dialog on top of the pinned ones, or lets it go.
///
/// Errors: `PEER_ID_INVALID`, `PEER_HISTORY_EMPTY`, `PINNED_DIALOGS_TOO_MUCH`.
pub async fn handler(cx: Cx, request: functions::messages::ToggleDialogPin) -> Result<bool, Error> {
    let peer = view::dialog_peer(&cx, request.peer)?;
    pin::toggle(cx.service(), cx.me()?, peer, request.pinned, cx.origin()).await?;
    Ok(true)
}
