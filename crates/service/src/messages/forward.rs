//! `messages.forwardMessages`: passing on what others, or oneself, said.

use std::sync::Arc;

use domain::privacy::Key;
use domain::{Error, Fault, Peer, UserId, limits};
use store::messages::{self, Message};
use store::{Tx, users};
use updates::content::{Forward as Header, SavedFrom};
use updates::log::Origin;
use updates::{Content, people};

use super::schedule::{self, Outcome};
use super::send::{self, Ready};
use crate::{Pace, Service};

pub struct Forward {
    pub from: UserId,
    /// The dialog in which the messages are.
    pub source: Peer,
    pub to: Peer,
    /// Ids in the caller's box, each with the `random_id` of its copy.
    pub items: Vec<(i32, i64)>,
    /// Send copies that do not say where they come from.
    pub drop_author: bool,
    pub silent: bool,
    pub noforwards: bool,
    pub reply_to: Option<i32>,
    /// When to send them; `None` for now.
    pub schedule_date: Option<i32>,
    pub origin: Origin,
}

/// Passes messages on, now or at `schedule_date`. Gives what became of each, by its `random_id`.
///
/// Messages that are no more, and service messages, are passed over while others remain.
///
/// Errors: `PEER_ID_INVALID`, `MESSAGE_IDS_EMPTY`, `MESSAGE_ID_INVALID`, `CHAT_FORWARDS_RESTRICTED`, those of
/// [`send::send`] and [`schedule::schedule`], `INPUT_REQUEST_TOO_LONG`.
pub async fn forward(service: &Service, command: Forward) -> Result<Vec<(i64, Outcome)>, Error> {
    let Peer::User(to) = command.to else { return Err(Fault::peer_id_invalid().into()) };
    if command.items.is_empty() {
        return Err(Fault::message_ids_empty().into());
    }
    if command.items.len() > limits::FORWARD_BATCH {
        return Err(Fault::request_too_long().into());
    }
    let pace = Arc::clone(&service.pace);
    service
        .store
        .write(move |tx| {
            let mut outcomes = Vec::new();
            for (id, random_id) in &command.items {
                let Some(row) = source(tx, &command, *id)? else {
                    // It may be gone because an earlier try did its work.
                    let sent = send::repeated(tx, command.from, *random_id)?;
                    outcomes.extend(sent.map(|sent| (*random_id, Outcome::Sent(sent))));
                    continue;
                };
                let ready = copy(tx, &command, to, &row, *random_id, &pace)?;
                let outcome = match command.schedule_date {
                    Some(date) => schedule::put(tx, &ready, date)?,
                    None => Outcome::Sent(send::deliver(tx, &ready)?),
                };
                outcomes.push((*random_id, outcome));
            }
            if outcomes.is_empty() {
                return Err(Fault::message_id_invalid().into());
            }
            Ok(outcomes)
        })
        .await
}

/// The message to be forwarded, if it is there and can be.
fn source(tx: &mut Tx<'_>, command: &Forward, id: i32) -> Result<Option<Message>, Error> {
    let row = messages::get(tx, command.from, id)?;
    Ok(row.filter(|row| row.peer == command.source && !row.has(messages::flag::SERVICE)))
}

/// The message as it will stand in the other chat.
fn copy(
    tx: &mut Tx<'_>,
    command: &Forward,
    to: UserId,
    row: &Message,
    random_id: i64,
    pace: &Arc<Pace>,
) -> Result<Ready, Error> {
    let content = Content::unpack(&row.content)?;
    if content.noforwards() {
        return Err(Fault::chat_forwards_restricted().into());
    }
    let header = if command.drop_author { None } else { Some(header(tx, command, to, row, &content)?) };
    let mut copy = content.detached().with_noforwards(command.noforwards);
    if let Some(header) = &header {
        copy = copy.with_forward(header);
    }
    Ok(Ready {
        from: command.from,
        to,
        random_id,
        content: copy,
        silent: command.silent,
        reply_to: command.reply_to,
        quote: None,
        clear_draft: false,
        origin: command.origin,
        pace: Arc::clone(pace),
    })
}

/// Who said it first, and in Saved Messages also where it was found.
fn header(
    tx: &mut Tx<'_>,
    command: &Forward,
    to: UserId,
    row: &Message,
    content: &Content,
) -> Result<Header, Error> {
    let before = content.forward();
    let mut header = match &before {
        Some(before) => before.clone(),
        None => Header { date: row.date, from: Some(row.from), ..Header::default() },
    };
    if let Some(author) = header.from
        && !people::allows(tx, author, command.from, Key::Forwards)?
    {
        header.from = None;
        header.from_name = Some(name(tx, author)?);
    }
    if to == command.from {
        header.saved = Some(SavedFrom {
            peer: command.source,
            message_id: row.id,
            out: row.out(),
            forwarded: before.map(|_| (row.from, row.date)),
        });
    }
    Ok(header)
}

/// The name that an account gives itself: nobody's own name for it is passed on.
fn name(tx: &mut Tx<'_>, user: UserId) -> Result<String, Error> {
    let Some(user) = users::get(tx, user)? else { return Ok("Deleted Account".to_owned()) };
    Ok(format!("{} {}", user.profile.first_name, user.profile.last_name).trim_end().to_owned())
}
