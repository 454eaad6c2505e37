//! `messages.reorderPinnedDialogs`

use domain::{Error, Fault, limits};
use rpc::Cx;
use service::dialogs::pin;
use tl_api::functions;

use crate::view;

/// Gives the pinned dialogs a new order.
///
/// Errors: `FOLDER_ID_INVALID`, `PEER_ID_INVALID`, `PEER_HISTORY_EMPTY`, `PINNED_DIALOGS_TOO_MUCH`.
pub async fn handler(cx: Cx, request: functions::messages::ReorderPinnedDialogs) -> Result<bool, Error> {
    let me = cx.me()?;
    if request.folder_id != 0 {
        return Err(Fault::folder_id_invalid().into());
    }
    let order = view::pins(&cx, request.order, limits::PINNED_DIALOGS)?;
    pin::reorder(cx.service(), me, order, request.force, cx.origin()).await?;
    Ok(true)
}
