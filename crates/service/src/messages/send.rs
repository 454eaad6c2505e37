//! `messages.sendMessage`: writing to a person, or to oneself.

use std::sync::Arc;

use domain::flood::SEND_MESSAGES;
use domain::text::{self, Entity};
use domain::{Error, Fault, Peer, UserId};
use store::between::{self, Between, Standing};
use store::messages::Message;
use store::sent::{self, Made};
use store::{Tx, messages, users};
use updates::Content;
use updates::content::Quote;
use updates::log::{Origin, Position};

use super::write::{self, Draft};
use super::{drafts, timer};
use crate::privacy::{global, strangers};
use crate::{Pace, Service};

pub struct Send {
    pub from: UserId,
    pub to: Peer,
    pub random_id: i64,
    pub text: String,
    pub entities: Vec<Entity>,
    pub silent: bool,
    pub noforwards: bool,
    pub reply_to: Option<i32>,
    pub quote: Option<Quote>,
    /// Forget the draft that this message was.
    pub clear_draft: bool,
    pub origin: Origin,
}

/// A message that was sent, perhaps by an earlier try of the same request.
#[derive(Clone, Debug)]
pub struct Sent {
    pub message_id: i32,
    /// The events of the sender's box that the answer tells of.
    pub positions: Vec<Position>,
}

/// Errors: `PEER_ID_INVALID`, `INPUT_USER_DEACTIVATED`, `MESSAGE_EMPTY`, `MESSAGE_TOO_LONG`,
/// `ENTITY_BOUNDS_INVALID`, `USER_IS_BLOCKED`, `YOU_BLOCKED_USER`, `PRIVACY_PREMIUM_REQUIRED`, `REPLY_MESSAGE_ID_INVALID`,
/// `QUOTE_TEXT_INVALID`, `RANDOM_ID_DUPLICATE` (a scheduled message has it), `PEER_FLOOD`, `FLOOD_WAIT_x`.
pub async fn send(service: &Service, command: Send) -> Result<Sent, Error> {
    let ready = prepare(&service.pace, command)?;
    service.store.write(move |tx| write_one(tx, &ready, true)).await
}

/// A message whose words are checked and cleaned.
pub struct Ready {
    pub from: UserId,
    pub to: UserId,
    pub random_id: i64,
    pub content: Content,
    pub silent: bool,
    pub reply_to: Option<i32>,
    /// What is quoted of the answered message; not in the content yet.
    pub quote: Option<Quote>,
    pub clear_draft: bool,
    pub origin: Origin,
    /// What the sender's budget is kept in.
    pub pace: Arc<Pace>,
}

/// Checks what can be checked without the store.
pub fn prepare(pace: &Arc<Pace>, command: Send) -> Result<Ready, Fault> {
    let Peer::User(to) = command.to else { return Err(Fault::peer_id_invalid()) };
    let styled = text::message(&command.text, command.entities)?;
    let content = Content::text(&styled).with_noforwards(command.noforwards);
    // Without an answered message there is nothing to quote from.
    let quote = command.quote.filter(|_| command.reply_to.is_some()).map(Quote::cleaned).transpose()?;
    Ok(Ready {
        from: command.from,
        to,
        random_id: command.random_id,
        content,
        silent: command.silent,
        reply_to: command.reply_to,
        quote,
        clear_draft: command.clear_draft,
        origin: command.origin,
        pace: Arc::clone(pace),
    })
}

/// Writes the message, unless an earlier try did.
pub fn deliver(tx: &mut Tx<'_>, ready: &Ready) -> Result<Sent, Error> {
    write_one(tx, ready, false)
}

/// `alone`: the closure does nothing else, so that nothing can fail any more once the checks are passed.
fn write_one(tx: &mut Tx<'_>, ready: &Ready, alone: bool) -> Result<Sent, Error> {
    let (from, to, origin) = (ready.from, ready.to, ready.origin);
    let (between, earlier) = between::look_before_send(tx, from, to, ready.random_id)?;
    match earlier {
        Some(Made::Message { id, pts }) => return Ok(made(id, pts)),
        // What waits will be sent under this id, or was taken back.
        Some(Made::Scheduled { .. }) => return Err(Fault::random_id_duplicate().into()),
        None => ready.pace.check(&tx.budget(&SEND_MESSAGES), from, tx.now())?,
    }
    let dialog = checked(tx, from, to, between)?;
    let content = answering(tx, ready)?;
    let ttl = timer::for_new_message(tx, from, to, dialog)?;
    let draft = Draft {
        from,
        to,
        random_id: Some(ready.random_id),
        content: content.with_ttl(ttl).pack(),
        silent: ready.silent,
        reply_to: ready.reply_to,
        ttl,
        service: false,
        one_sided: false,
        origin,
    };
    if alone {
        tx.decided();
    }
    ready.pace.take(&tx.budget(&SEND_MESSAGES), from, tx.now())?;
    let written = write::write(tx, &draft)?;
    let mut positions = vec![written.position];
    if ready.clear_draft {
        positions.extend(drafts::clear(tx, from, Peer::User(to), origin)?);
    }
    Ok(Sent { message_id: written.message_id, positions })
}

/// What an earlier try of the same request sent: the same answer again, nothing written twice.
pub fn repeated(tx: &mut Tx<'_>, from: UserId, random_id: i64) -> Result<Option<Sent>, Error> {
    Ok(match sent::find(tx, from, random_id)? {
        Some(Made::Message { id, pts }) => Some(made(id, pts)),
        _ => None,
    })
}

/// The answer that a message had when it was sent.
pub fn made(message_id: i32, pts: i32) -> Sent {
    Sent { message_id, positions: vec![Position { pts, sub: 0 }] }
}

/// Whether `from` may write to `to`: `to` can be reached, and the sender's budgets, which this takes from, are
/// not used up.
pub fn may_write(tx: &mut Tx<'_>, pace: &Pace, from: UserId, to: UserId) -> Result<(), Error> {
    pace.check(&tx.budget(&SEND_MESSAGES), from, tx.now())?;
    let between = between::look(tx, from, to)?;
    checked(tx, from, to, between)?;
    Ok(pace.take(&tx.budget(&SEND_MESSAGES), from, tx.now())?)
}

/// The same without the budget for messages. Gives the sender's side of the dialog.
fn checked(
    tx: &mut Tx<'_>,
    from: UserId,
    to: UserId,
    between: Option<Between>,
) -> Result<Option<Standing>, Error> {
    let dialog = between.and_then(|between| between.dialog);
    allowed(tx, from, to, between)?;
    strangers::charge(tx, from, to, dialog)?;
    Ok(dialog)
}

/// Whether `to` hears of what `from` does: the account is there, neither blocked the other, and the receiver's
/// rules allow it.
pub fn may_reach(tx: &mut Tx<'_>, from: UserId, to: UserId) -> Result<(), Error> {
    let between = between::look(tx, from, to)?;
    allowed(tx, from, to, between)
}

fn allowed(tx: &mut Tx<'_>, from: UserId, to: UserId, between: Option<Between>) -> Result<(), Error> {
    if from == to {
        return Ok(());
    }
    let between = between.ok_or_else(Fault::peer_id_invalid)?;
    if between.flags & users::User::DELETED != 0 {
        return Err(Fault::input_user_deactivated().into());
    }
    if between.flags & users::User::SERVICE != 0 {
        return Err(Fault::peer_id_invalid().into());
    }
    if between.blocks {
        return Err(Fault::you_blocked_user().into());
    }
    if between.blocked {
        return Err(Fault::user_is_blocked().into());
    }
    if !global::may_write(tx, from, to, between.flags)? {
        return Err(Fault::privacy_premium_required().into());
    }
    Ok(())
}

/// The answered message: it has to be in the same dialog.
pub fn answered(tx: &mut Tx<'_>, from: UserId, to: UserId, id: i32) -> Result<Message, Error> {
    match messages::get(tx, from, id)? {
        Some(row) if row.peer == Peer::User(to) => Ok(row),
        _ => Err(Fault::reply_message_id_invalid().into()),
    }
}

/// A message's content with what it quotes. Nobody can be quoted with what they did not write.
///
/// Errors: `REPLY_MESSAGE_ID_INVALID`, `QUOTE_TEXT_INVALID`.
pub fn answering(tx: &mut Tx<'_>, ready: &Ready) -> Result<Content, Error> {
    let Some(id) = ready.reply_to else { return Ok(ready.content.clone()) };
    let row = answered(tx, ready.from, ready.to, id)?;
    let Some(quote) = &ready.quote else { return Ok(ready.content.clone()) };
    let quote = quote.clone().found_in(&Content::unpack(&row.content)?);
    Ok(ready.content.clone().with_quote(&quote.ok_or_else(Fault::quote_text_invalid)?))
}

/// The dialog's timer, which new messages carry.
pub fn ttl(tx: &mut Tx<'_>, from: UserId, to: UserId) -> Result<Option<i32>, Error> {
    let dialog = between::look(tx, from, to)?.and_then(|between| between.dialog);
    Ok(timer::for_new_message(tx, from, to, dialog)?)
}
