//! `messages.getMessageReactionsList`

use domain::{Error, Fault, limits};
use rpc::Cx;
use rpc::convert::from_tl;
use tl_api::{functions, types};
use updates::reactions;

use crate::view;

/// Who gave which reaction to a message, the latest first.
///
/// Errors: `PEER_ID_INVALID`, `MESSAGE_ID_INVALID`, `LIMIT_INVALID`, `OFFSET_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetMessageReactionsList,
) -> Result<types::messages::MessageReactionsList, Error> {
    let me = cx.me()?;
    let limit = usize::try_from(request.limit).map_err(|_| Fault::limit_invalid())?;
    let offset = match request.offset.as_deref() {
        None | Some("") => 0,
        Some(offset) => offset.parse().map_err(|_| Fault::offset_invalid())?,
    };
    let part = (offset, limit.min(limits::HISTORY_SLICE));
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| {
        let peer = from_tl::input_peer(tx, me, &request.peer)?;
        let list = reactions::list(tx, me, peer, request.id, request.reaction.as_ref(), part, &presence)?;
        Ok(list.ok_or_else(Fault::message_id_invalid)?)
    })
    .await
}
