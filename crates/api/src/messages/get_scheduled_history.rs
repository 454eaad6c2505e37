//! `messages.getScheduledHistory`

use domain::Error;
use rpc::Cx;
use rpc::convert::from_tl;
use tl_api::{enums, functions};
use updates::scheduled;

use crate::view;

/// All messages of the caller that wait in a dialog.
///
/// Errors: `PEER_ID_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetScheduledHistory,
) -> Result<enums::messages::Messages, Error> {
    let me = cx.me()?;
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| {
        let peer = from_tl::input_peer(tx, me, &request.peer)?;
        Ok(scheduled::list(tx, me, peer, request.hash, &presence)?)
    })
    .await
}
