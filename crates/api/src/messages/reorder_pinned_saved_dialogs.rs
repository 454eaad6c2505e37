//! `messages.reorderPinnedSavedDialogs`

use domain::{Error, limits};
use rpc::Cx;
use service::messages::saved;
use tl_api::functions;

use crate::view;

/// Gives the pinned dialogs of Saved Messages a new order.
///
/// Errors: `PEER_ID_INVALID`, `PEER_HISTORY_EMPTY`, `PINNED_DIALOGS_TOO_MUCH`.
pub async fn handler(cx: Cx, request: functions::messages::ReorderPinnedSavedDialogs) -> Result<bool, Error> {
    let me = cx.me()?;
    let order = view::pins(&cx, request.order, limits::PINNED_SAVED_DIALOGS)?;
    saved::reorder_pins(cx.service(), me, order, request.force, cx.origin()).await?;
    Ok(true)
}
