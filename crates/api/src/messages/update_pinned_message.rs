//! `messages.updatePinnedMessage`

use domain::Error;
use rpc::Cx;
use service::messages::pin::{self, Pin};
use tl_api::{functions, types};

use crate::view;

/// Pins or unpins a message. Pinning for both sides is told in the chat.
///
/// Errors: `PEER_ID_INVALID`, `MESSAGE_ID_INVALID`, `CHAT_NOT_MODIFIED`, `USER_IS_BLOCKED`,
/// `YOU_BLOCKED_USER`, `FLOOD_WAIT_x`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::UpdatePinnedMessage,
) -> Result<types::Updates, Error> {
    let command = Pin {
        owner: cx.me()?,
        peer: view::peer(&cx, request.peer)?,
        id: request.id,
        pinned: !request.unpin,
        silent: request.silent,
        one_side: request.pm_oneside,
        origin: cx.origin(),
    };
    let positions = pin::pin(cx.service(), command).await?;
    view::own_updates(&cx, positions).await
}
