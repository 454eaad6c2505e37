//! `messages.sendMessage`

use domain::{Error, Fault};
use rpc::Cx;
use rpc::convert::from_tl;
use service::messages::schedule::{self, Outcome};
use service::messages::send::{self, Send};
use tl_api::{functions, types};

use super::outcome;
/// Sends a text to a person, or to oneself. The same `random_id` again gets the same answer again.
///
/// Errors: `PEER_ID_INVALID`, `MESSAGE_EMPTY`, `MESSAGE_TOO_LONG`, `ENTITY_BOUNDS_INVALID`,
/// `USER_IS_BLOCKED`, `YOU_BLOCKED_USER`, `PRIVACY_PREMIUM_REQUIRED`, `REPLY_MESSAGE_ID_INVALID`,
/// `QUOTE_TEXT_INVALID`,
/// `RANDOM_ID_EMPTY`, `RANDOM_ID_DUPLICATE`, `FLOOD_WAIT_x`; with a date also `SCHEDULE_DATE_INVALID`, `SCHEDULE_DATE_TOO_LATE`,
/// `SCHEDULE_STATUS_PRIVATE`, `SCHEDULE_TOO_MUCH`, `PREMIUM_ACCOUNT_REQUIRED` (to repeat it).
pub async fn handler(cx: Cx, request: functions::messages::SendMessage) -> Result<types::Updates, Error> {
    let me = cx.me()?;
    let random_id = request.random_id;
    if random_id == 0 {
        return Err(Fault::random_id_empty().into());
    }
    if request.schedule_repeat_period.is_some() {
        return Err(Fault::premium_account_required().into());
    }
    let (origin, date) = (cx.origin(), request.schedule_date);
    let command = command(cx.hashes(), me, request, origin)?;
    let outcome = match date {
        Some(date) => schedule::schedule(cx.service(), command, date).await?,
        None => Outcome::Sent(send::send(cx.service(), command).await?),
    };
    outcome::answer(&cx, vec![(random_id, outcome)]).await
}

fn command(
    hashes: &dyn updates::Hashes,
    me: domain::UserId,
    request: functions::messages::SendMessage,
    origin: updates::Origin,
) -> Result<Send, Error> {
    let to = from_tl::input_peer(hashes, me, &request.peer)?;
    let (reply_to, quote) = from_tl::reply(hashes, me, request.reply_to, request.reply_to_msg_id);
    Ok(Send {
        from: me,
        to,
        random_id: request.random_id,
        text: request.message,
        entities: from_tl::entities(hashes, me, &request.entities.unwrap_or_default()),
        silent: request.silent,
        noforwards: request.noforwards,
        reply_to,
        quote,
        clear_draft: request.clear_draft,
        origin,
    })
}
