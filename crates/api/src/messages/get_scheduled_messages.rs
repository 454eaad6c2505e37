//! `messages.getScheduledMessages`

use domain::{Error, Fault, limits};
use rpc::Cx;
use rpc::convert::from_tl;
use tl_api::{enums, functions};
use updates::scheduled;

use crate::view;

/// Messages of the caller that wait in a dialog, by their ids there; `messageEmpty` where there is none.
///
/// Errors: `PEER_ID_INVALID`, `INPUT_REQUEST_TOO_LONG`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetScheduledMessages,
) -> Result<enums::messages::Messages, Error> {
    let me = cx.me()?;
    if request.id.len() > limits::MESSAGES_BATCH {
        return Err(Fault::request_too_long().into());
    }
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| {
        let peer = from_tl::input_peer(tx, me, &request.peer)?;
        Ok(scheduled::by_ids(tx, me, peer, &request.id, &presence)?)
    })
    .await
}
