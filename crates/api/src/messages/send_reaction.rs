//! `messages.sendReaction`

use domain::{Error, Fault};
use rpc::Cx;
use service::messages::react::{self, React};
use tl_api::{enums, functions, types};

use crate::view;

/// Puts the caller's reaction under a message, in place of the one they gave before; none takes it back.
///
/// Custom emoji need premium and paid reactions a balance: this server has neither.
///
/// Errors: `PEER_ID_INVALID`, `MESSAGE_ID_INVALID`, `REACTION_INVALID`, `REACTIONS_TOO_MANY`,
/// `MESSAGE_NOT_MODIFIED`, `USER_IS_BLOCKED`, `YOU_BLOCKED_USER`, `FLOOD_WAIT_x`.
pub async fn handler(cx: Cx, request: functions::messages::SendReaction) -> Result<types::Updates, Error> {
    let me = cx.me()?;
    let mut emoji = Vec::new();
    for reaction in request.reaction.unwrap_or_default() {
        match reaction {
            enums::Reaction::Emoji(reaction) => emoji.push(reaction.emoticon),
            enums::Reaction::Empty => {}
            _ => return Err(Fault::reaction_invalid().into()),
        }
    }
    let peer = view::peer(&cx, request.peer)?;
    let command = React {
        by: me,
        peer,
        message_id: request.msg_id,
        emoji,
        big: request.big,
        remember: request.add_to_recent,
        origin: cx.origin(),
    };
    let positions = react::react(cx.service(), command).await?;
    view::own_updates(&cx, positions).await
}
