//! `messages.getMessagesViews`

use domain::{Error, Fault, limits};
use rpc::Cx;
use tl_api::{functions, types};

use crate::view;

/// Views are counted in channels only: messages of private chats have no counters.
///
/// Errors: `PEER_ID_INVALID`, `INPUT_REQUEST_TOO_LONG`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetMessagesViews,
) -> Result<types::messages::MessageViews, Error> {
    if request.id.len() > limits::MESSAGES_BATCH {
        return Err(Fault::request_too_long().into());
    }
    view::peer(&cx, request.peer)?;
    let views = request.id.iter().map(|_| types::MessageViews::default()).collect();
    Ok(types::messages::MessageViews { views, ..Default::default() })
}
