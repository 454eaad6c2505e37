//! `messages.deleteScheduledMessages`

use domain::{Error, Fault, limits};
use rpc::Cx;
use service::messages::schedule;
use tl_api::{functions, types};

use crate::view;

/// Takes messages back that wait. Ids that do not wait in the dialog are passed over.
///
/// Errors: `PEER_ID_INVALID`, `INPUT_REQUEST_TOO_LONG`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::DeleteScheduledMessages,
) -> Result<types::Updates, Error> {
    let me = cx.me()?;
    if request.id.len() > limits::SCHEDULED_MESSAGES {
        return Err(Fault::request_too_long().into());
    }
    let peer = view::peer(&cx, request.peer)?;
    let position = schedule::delete(cx.service(), me, peer, request.id, cx.origin()).await?;
    view::own_updates(&cx, vec![position]).await
}
