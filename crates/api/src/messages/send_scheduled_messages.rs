//! `messages.sendScheduledMessages`

use domain::{Error, Fault, limits};
use rpc::Cx;
use service::messages::schedule;
use tl_api::{functions, types};

use crate::view;

/// Sends messages now that were to be sent later.
///
/// Errors: `PEER_ID_INVALID`, `MESSAGE_ID_INVALID`, `INPUT_REQUEST_TOO_LONG`, those of writing to the peer.
pub async fn handler(
    cx: Cx,
    request: functions::messages::SendScheduledMessages,
) -> Result<types::Updates, Error> {
    let me = cx.me()?;
    if request.id.len() > limits::SCHEDULED_MESSAGES {
        return Err(Fault::request_too_long().into());
    }
    let peer = view::peer(&cx, request.peer)?;
    let positions = schedule::send_now(cx.service(), me, peer, request.id, cx.origin()).await?;
    view::own_updates(&cx, positions).await
}
