//! `messages.getPeerDialogs`

use domain::{Error, Fault, limits};
use rpc::Cx;
use rpc::convert::from_tl;
use tl_api::{enums, functions, types};
use updates::dialogs;

use crate::view;

/// Dialogs by peer, with the state of the box. There are no folders to show.
///
/// Errors: `PEER_ID_INVALID`, `INPUT_REQUEST_TOO_LONG`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetPeerDialogs,
) -> Result<types::messages::PeerDialogs, Error> {
    let me = cx.me()?;
    if request.peers.len() > limits::PEER_DIALOGS_BATCH {
        return Err(Fault::request_too_long().into());
    }
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| {
        let peers = request
            .peers
            .iter()
            .filter(|peer| !matches!(peer, enums::InputDialogPeer::Folder(_)))
            .map(|peer| from_tl::input_dialog_peer(tx, me, peer))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(dialogs::by_peers(tx, me, &peers, &presence)?)
    })
    .await
}
