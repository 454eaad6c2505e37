//! `messages.reorderPinnedSavedDialogs`

use domain::Error;
use rpc::Cx;
use rpc::convert::from_tl;
use service::messages::saved;
use tl_api::functions;

use crate::view;

/// Gives the pinned dialogs of Saved Messages a new order.
///
/// Errors: `PEER_ID_INVALID`, `PEER_HISTORY_EMPTY`, `PINNED_DIALOGS_TOO_MUCH`.
pub async fn handler(cx: Cx, request: functions::messages::ReorderPinnedSavedDialogs) -> Result<bool, Error> {
    let me = cx.me()?;
    let order = view::read(&cx, move |tx| {
        let peers = request.order.iter().map(|peer| from_tl::input_dialog_peer(tx, me, peer));
        Ok(peers.collect::<Result<Vec<_>, _>>()?)
    })
    .await?;
    saved::reorder_pins(cx.service(), me, order, request.force, cx.origin()).await?;
    Ok(true)
}
