//! `messages.getMessages`

use domain::{Error, Fault, limits};
use rpc::Cx;
use tl_api::{enums, functions};
use updates::history::{self, Wanted};

use crate::view;

/// Messages of the caller's box by id, in the order asked for; `messageEmpty` for those that are not there.
///
/// `inputMessagePinned` names no chat and so nothing in private chats; clients search for what is pinned.
///
/// Errors: `INPUT_REQUEST_TOO_LONG`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetMessages,
) -> Result<enums::messages::Messages, Error> {
    let me = cx.me()?;
    if request.id.len() > limits::MESSAGES_BATCH {
        return Err(Fault::request_too_long().into());
    }
    let wanted: Vec<Wanted> = request
        .id
        .iter()
        .map(|input| match input {
            enums::InputMessage::Id(input) => Wanted::Id(input.id),
            enums::InputMessage::ReplyTo(input) => Wanted::AnsweredBy(input.id),
            enums::InputMessage::Pinned | enums::InputMessage::CallbackQuery(_) => Wanted::Nothing,
        })
        .collect();
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| Ok(history::by_ids(tx, me, &wanted, &presence)?)).await
}
