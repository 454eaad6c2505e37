//! `messages.setTyping`

use domain::Error;
use rpc::Cx;
use service::messages::typing;
use tl::Encode;
use tl_api::{enums, functions};

use crate::view;

/// Tells the other side what the caller is doing, if it is there to see it.
///
/// Errors: `PEER_ID_INVALID`, `YOU_BLOCKED_USER`, `USER_IS_BLOCKED`, `PRIVACY_PREMIUM_REQUIRED`.
pub async fn handler(cx: Cx, request: functions::messages::SetTyping) -> Result<bool, Error> {
    let peer = view::peer(&cx, request.peer)?;
    let action = match request.action {
        // Only clients say this one; others see that there is typing.
        enums::SendMessageAction::InputSendMessageRichMessageDraftAction(_) => {
            enums::SendMessageAction::SendMessageTypingAction
        }
        action => action,
    };
    let Ok(action) = action.to_bytes(tl_api::NEWEST_LAYER) else { return Ok(true) };
    typing::set(cx.service(), cx.me()?, peer, action).await?;
    Ok(true)
}
