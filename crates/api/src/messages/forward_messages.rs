//! `messages.forwardMessages`

use domain::{Error, Fault};
use rpc::Cx;
use rpc::convert::from_tl;
use service::messages::forward::{self, Forward};
use tl_api::{functions, types};

use super::outcome;
use crate::view;

/// Passes messages of one chat on to another. The same `random_id`s again get the same answer again.
///
/// Errors: `PEER_ID_INVALID`, `RANDOM_ID_INVALID`, `MESSAGE_IDS_EMPTY`, `MESSAGE_ID_INVALID`,
/// `CHAT_FORWARDS_RESTRICTED`, `USER_IS_BLOCKED`, `YOU_BLOCKED_USER`, `REPLY_MESSAGE_ID_INVALID`,
/// `INPUT_REQUEST_TOO_LONG`, `RANDOM_ID_DUPLICATE`, `FLOOD_WAIT_x`; with a date also those of `messages.sendMessage` with one.
pub async fn handler(cx: Cx, request: functions::messages::ForwardMessages) -> Result<types::Updates, Error> {
    let me = cx.me()?;
    if request.schedule_repeat_period.is_some() {
        return Err(Fault::premium_account_required().into());
    }
    if request.id.len() != request.random_id.len() || request.random_id.contains(&0) {
        return Err(Fault::random_id_invalid().into());
    }
    let origin = cx.origin();
    let command = view::read(&cx, move |tx| {
        let (reply_to, _) = from_tl::reply(tx, me, request.reply_to, None);
        Ok(Forward {
            from: me,
            source: from_tl::input_peer(tx, me, &request.from_peer)?,
            to: from_tl::input_peer(tx, me, &request.to_peer)?,
            items: request.id.into_iter().zip(request.random_id).collect(),
            drop_author: request.drop_author,
            silent: request.silent,
            noforwards: request.noforwards,
            reply_to,
            schedule_date: request.schedule_date,
            origin,
        })
    })
    .await?;
    let outcomes = forward::forward(cx.service(), command).await?;
    outcome::answer(&cx, outcomes).await
}
