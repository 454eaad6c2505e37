//! `messages.unpinAllMessages`

use domain::Error;
use rpc::Cx;
use service::messages::pin;
use tl_api::{functions, types};

use crate::view;

/// Unpins every message of a chat, for both sides.
///
/// Errors: `PEER_ID_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::UnpinAllMessages,
) -> Result<types::messages::AffectedHistory, Error> {
    let peer = view::peer(&cx, request.peer)?;
    Ok(view::progress(pin::unpin_all(cx.service(), cx.me()?, peer, cx.origin()).await?))
}
