//! `messages.forwardMessages`: passing on what others, or oneself, said.

use domain::flood::SEND_MESSAGES;
use domain::privacy::Key;
use domain::{Error, Fault, Peer, UserId, limits};
use store::messages::{self, Message};
use store::{Tx, histories, users};
use updates::content::{Forward as Header, SavedFrom};
use updates::log::{Origin, Position};
use updates::{Content, people};

use super::send;
use super::write::{self, Draft};
use crate::Service;
use crate::accounts::flood;

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
    pub origin: Origin,
}

/// Messages that were forwarded, perhaps by an earlier try of the same request.
#[derive(Clone, Debug, Default)]
pub struct Forwarded {
    /// The `random_id` and the new id of each.
    pub ids: Vec<(i64, i32)>,
    /// The events of the sender's box.
    pub positions: Vec<Position>,
}

/// Messages that are no more, and service messages, are passed over while others remain.
///
/// Errors: `PEER_ID_INVALID`, `MESSAGE_IDS_EMPTY`, `MESSAGE_ID_INVALID`, `CHAT_FORWARDS_RESTRICTED`, those of
/// [`send::may_write`], `REPLY_MESSAGE_ID_INVALID`, `INPUT_REQUEST_TOO_LONG`.
pub async fn forward(service: &Service, command: Forward) -> Result<Forwarded, Error> {
    let Peer::User(to) = command.to else { return Err(Fault::peer_id_invalid().into()) };
    if command.items.is_empty() {
        return Err(Fault::message_ids_empty().into());
    }
    if command.items.len() > limits::FORWARD_BATCH {
        return Err(Fault::request_too_long().into());
    }
    service
        .store
        .write(move |tx| {
            send::may_write(tx, command.from, to)?;
            let more = u32::try_from(command.items.len()).unwrap_or(u32::MAX) - 1;
            flood::take(tx, &SEND_MESSAGES, &command.from.0.to_string(), more)??;
            if let Some(id) = command.reply_to {
                send::check_reply(tx, command.from, to, id)?;
            }
            let mut forwarded = Forwarded::default();
            for (id, random_id) in &command.items {
                if let Some(sent) = send::repeated(tx, command.from, *random_id)? {
                    forwarded.ids.push((*random_id, sent.message_id));
                    forwarded.positions.extend(sent.positions);
                } else if let Some(row) = source(tx, &command, *id)? {
                    let (message_id, position) = one(tx, &command, to, &row, *random_id)?;
                    forwarded.ids.push((*random_id, message_id));
                    forwarded.positions.push(position);
                }
            }
            if forwarded.ids.is_empty() {
                return Err(Fault::message_id_invalid().into());
            }
            Ok(forwarded)
        })
        .await
}

/// The message to be forwarded, if it is there and can be.
fn source(tx: &mut Tx<'_>, command: &Forward, id: i32) -> Result<Option<Message>, Error> {
    let row = messages::get(tx, command.from, id)?;
    Ok(row.filter(|row| row.peer == command.source && !row.has(messages::flag::SERVICE)))
}

fn one(
    tx: &mut Tx<'_>,
    command: &Forward,
    to: UserId,
    row: &Message,
    random_id: i64,
) -> Result<(i32, Position), Error> {
    let content = Content::unpack(&row.content)?;
    if content.noforwards() {
        return Err(Fault::chat_forwards_restricted().into());
    }
    let header = if command.drop_author { None } else { Some(header(tx, command, to, row, &content)?) };
    let ttl = send::ttl(tx, command.from, to)?;
    let mut copy = content.detached().with_ttl(ttl).with_noforwards(command.noforwards);
    if let Some(header) = &header {
        copy = copy.with_forward(header);
    }
    let written = write::write(
        tx,
        &Draft {
            from: command.from,
            to,
            random_id: Some(random_id),
            content: copy.pack(),
            silent: command.silent,
            reply_to: command.reply_to,
            ttl,
            service: false,
            one_sided: false,
            origin: command.origin,
        },
    )?;
    if let Some(saved) = header.and_then(|header| header.saved) {
        histories::set_saved_peer(tx, command.from, written.message_id, saved.peer)?;
    }
    Ok((written.message_id, written.position))
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
