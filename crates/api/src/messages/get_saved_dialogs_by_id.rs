//! `messages.getSavedDialogsByID`

use domain::{Error, Fault, limits};
use rpc::Cx;
use rpc::convert::from_tl;
use tl_api::{enums, functions};
use updates::saved;

use crate::view;

/// Dialogs of Saved Messages by peer.
///
/// Errors: `PEER_ID_INVALID`, `INPUT_REQUEST_TOO_LONG`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetSavedDialogsById,
) -> Result<enums::messages::SavedDialogs, Error> {
    let me = cx.me()?;
    if request.parent_peer.is_some() {
        return Err(Fault::peer_id_invalid().into());
    }
    if request.ids.len() > limits::PEER_DIALOGS_BATCH {
        return Err(Fault::request_too_long().into());
    }
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| {
        let peers = request.ids.iter().map(|peer| from_tl::input_peer(tx, me, peer));
        let peers = peers.collect::<Result<Vec<_>, _>>()?;
        Ok(saved::by_peers(tx, me, &peers, &presence)?.into())
    })
    .await
}
