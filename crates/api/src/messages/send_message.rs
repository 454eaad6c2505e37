//! `messages.sendMessage`

use domain::{Error, Fault};
use rpc::Cx;
use rpc::convert::from_tl;
use service::messages::send::{self, Send};
use tl_api::{enums, functions, types};
use updates::content::Quote;

use crate::view;

/// Sends a text to a person, or to oneself. The same `random_id` again gets the same answer again.
///
/// Errors: `PEER_ID_INVALID`, `MESSAGE_EMPTY`, `MESSAGE_TOO_LONG`, `ENTITY_BOUNDS_INVALID`,
/// `USER_IS_BLOCKED`, `YOU_BLOCKED_USER`, `PRIVACY_PREMIUM_REQUIRED`, `REPLY_MESSAGE_ID_INVALID`,
/// `RANDOM_ID_EMPTY`, `FLOOD_WAIT_x`.
pub async fn handler(cx: Cx, request: functions::messages::SendMessage) -> Result<types::Updates, Error> {
    let me = cx.me()?;
    let random_id = request.random_id;
    if random_id == 0 {
        return Err(Fault::random_id_empty().into());
    }
    let origin = cx.origin();
    let command = view::read(&cx, move |tx| command(tx, me, request, origin)).await?;
    let sent = send::send(cx.service(), command).await?;
    let mut updates = view::own_updates(&cx, sent.positions).await?;
    let id = types::UpdateMessageId { id: sent.message_id, random_id };
    updates.updates.insert(0, id.into());
    Ok(updates)
}

fn command(
    tx: &mut updates::Tx<'_>,
    me: domain::UserId,
    request: functions::messages::SendMessage,
    origin: updates::Origin,
) -> Result<Send, Error> {
    let to = from_tl::input_peer(tx, me, &request.peer)?;
    let (reply_to, quote) = match request.reply_to {
        Some(enums::InputReplyTo::Message(reply)) => {
            let reply = *reply;
            let quote = reply.quote_text.map(|text| Quote {
                text,
                entities: from_tl::entities(tx, me, &reply.quote_entities.unwrap_or_default()),
                offset: reply.quote_offset,
            });
            (Some(reply.reply_to_msg_id), quote)
        }
        _ => (None, None),
    };
    Ok(Send {
        from: me,
        to,
        random_id: request.random_id,
        text: request.message,
        entities: from_tl::entities(tx, me, &request.entities.unwrap_or_default()),
        silent: request.silent,
        noforwards: request.noforwards,
        reply_to,
        quote,
        clear_draft: request.clear_draft,
        origin,
    })
}
