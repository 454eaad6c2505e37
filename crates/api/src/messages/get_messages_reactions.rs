//! `messages.getMessagesReactions`

use domain::{Error, Fault, limits};
use rpc::Cx;
use rpc::convert::from_tl;
use tl_api::{functions, types};
use updates::reactions;

use crate::view;

/// The reactions that messages of a dialog have now, as updates.
///
/// Errors: `PEER_ID_INVALID`, `INPUT_REQUEST_TOO_LONG`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetMessagesReactions,
) -> Result<types::Updates, Error> {
    let me = cx.me()?;
    if request.id.len() > limits::MESSAGES_BATCH {
        return Err(Fault::request_too_long().into());
    }
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| {
        let peer = from_tl::input_peer(tx, me, &request.peer)?;
        Ok(reactions::of_messages(tx, me, peer, &request.id, &presence)?)
    })
    .await
}
