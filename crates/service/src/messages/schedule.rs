//! Messages for later: put aside, changed, taken back, and sent when their time has come.

use std::sync::Arc;

use domain::privacy::Key;
use domain::text::{self, Entity};
use domain::{Error, Fault, Peer, Time, UserId, limits};
use store::scheduled::{self, Scheduled, WHEN_ONLINE};
use store::sent::{self, Made};
use store::{Tx, boxes, messages, users};
use updates::log::{self, Origin, Position};
use updates::{Content, people, scheduled as shown};

use super::drafts;
use super::send::{self, Ready, Send, Sent};
use super::write::{self, Draft};
use crate::{Pace, Service};

/// What became of a message for later.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Its time is so near that it was sent.
    Sent(Sent),
    /// It waits under this id. The events are those beside it (a draft that was cleared).
    Waiting { id: i32, positions: Vec<Position> },
}

/// `messages.sendMessage` with a date.
///
/// Errors: `SCHEDULE_DATE_INVALID`, `SCHEDULE_DATE_TOO_LATE`, `SCHEDULE_STATUS_PRIVATE`,
/// `SCHEDULE_TOO_MUCH`, those of [`send::send`].
pub async fn schedule(service: &Service, command: Send, date: i32) -> Result<Outcome, Error> {
    let ready = send::prepare(&service.pace, command)?;
    service.store.write(move |tx| put(tx, &ready, date)).await
}

/// Puts one message aside, or sends it where its date is near. The same `random_id` again finds what is
/// there, waiting or sent.
pub fn put(tx: &mut Tx<'_>, ready: &Ready, date: i32) -> Result<Outcome, Error> {
    match sent::find(tx, ready.from, ready.random_id)? {
        Some(Made::Message { id, pts }) => return Ok(Outcome::Sent(send::made(id, pts))),
        Some(Made::Scheduled { id }) => return Ok(Outcome::Waiting { id, positions: Vec::new() }),
        None => {}
    }
    let Some(date) = when(tx, ready.from, ready.to, date)? else {
        return Ok(Outcome::Sent(send::deliver(tx, ready)?));
    };
    send::may_write(tx, &ready.pace, ready.from, ready.to)?;
    let content = send::answering(tx, ready)?;
    boxes::hold(tx, ready.from)?;
    let peer = Peer::User(ready.to);
    let limit = i64::try_from(limits::SCHEDULED_MESSAGES).unwrap_or(i64::MAX);
    if scheduled::count(tx, ready.from, peer)? >= limit {
        return Err(Fault::schedule_too_much().into());
    }
    let row = Scheduled {
        owner: ready.from,
        id: scheduled::next_id(tx, ready.from)?,
        peer,
        date,
        edit_date: None,
        flags: if ready.silent { messages::flag::SILENT } else { 0 },
        random_id: Some(ready.random_id),
        reply_to: ready.reply_to,
        content: content.pack(),
    };
    scheduled::insert(tx, &row)?;
    let event = shown::changed(&row);
    log::append(tx, ready.from, event, ready.origin)?;
    let mut positions = Vec::new();
    if ready.clear_draft {
        positions.extend(drafts::clear(tx, ready.from, peer, ready.origin)?);
    }
    Ok(Outcome::Waiting { id: row.id, positions })
}

pub struct Edit {
    pub owner: UserId,
    pub peer: Peer,
    pub id: i32,
    /// `None` leaves the text as it is.
    pub text: Option<String>,
    pub entities: Vec<Entity>,
    pub date: i32,
    pub origin: Origin,
}

/// `messages.editMessage` with a date: other words, another time, or both.
///
/// Errors: `MESSAGE_ID_INVALID`, `MESSAGE_NOT_MODIFIED`, `MESSAGE_EMPTY`, `MESSAGE_TOO_LONG`,
/// `ENTITY_BOUNDS_INVALID`, those of a date.
pub async fn edit(service: &Service, command: Edit) -> Result<Outcome, Error> {
    let text = command.text.as_deref();
    let styled = text.map(|text| text::message(text, command.entities)).transpose()?;
    let (owner, origin) = (command.owner, command.origin);
    let pace = Arc::clone(&service.pace);
    service
        .store
        .write(move |tx| {
            let mut row = waiting(tx, owner, command.peer, command.id)?;
            let to = row.peer.user().ok_or_else(Fault::peer_id_invalid)?;
            let date = when(tx, owner, to, command.date)?;
            let content = Content::unpack(&row.content)?;
            if let Some(styled) = &styled {
                let changed = content.clone().with_text(styled);
                if !changed.says_the_same(&content) {
                    row.content = changed.pack();
                    row.edit_date = Some(tx.now());
                } else if date == Some(row.date) {
                    return Err(Fault::message_not_modified().into());
                }
            } else if date == Some(row.date) {
                return Err(Fault::message_not_modified().into());
            }
            let Some(date) = date else { return Ok(Outcome::Sent(release(tx, &pace, &row, origin)?)) };
            row.date = date;
            scheduled::update(tx, &row)?;
            let event = shown::changed(&row);
            log::append(tx, owner, event, origin)?;
            Ok(Outcome::Waiting { id: row.id, positions: Vec::new() })
        })
        .await
}

/// `messages.deleteScheduledMessages`. Ids that do not wait in the dialog are passed over.
///
/// Errors: none of its own.
pub async fn delete(
    service: &Service,
    owner: UserId,
    peer: Peer,
    ids: Vec<i32>,
    origin: Origin,
) -> Result<Position, Error> {
    service
        .store
        .write(move |tx| {
            let mut found = Vec::new();
            for id in ids.into_iter().take(limits::SCHEDULED_MESSAGES) {
                if let Some(row) = scheduled::get(tx, owner, id)?.filter(|row| row.peer == peer) {
                    if let Some(random_id) = row.random_id {
                        let now = tx.now();
                        sent::remember(tx, owner, random_id, Made::Scheduled { id }, now)?;
                    }
                    scheduled::delete(tx, owner, id)?;
                    found.push(id);
                }
            }
            // Clients look for the update even where nothing was found.
            Ok(log::append(tx, owner, shown::gone(peer, &found, &[]), origin)?)
        })
        .await
}

/// `messages.sendScheduledMessages`: sends what waits without waiting any longer.
///
/// Errors: `MESSAGE_ID_INVALID`, those of writing to the peer.
pub async fn send_now(
    service: &Service,
    owner: UserId,
    peer: Peer,
    ids: Vec<i32>,
    origin: Origin,
) -> Result<Vec<Position>, Error> {
    let pace = Arc::clone(&service.pace);
    service
        .store
        .write(move |tx| {
            let mut positions = Vec::new();
            for id in ids.into_iter().take(limits::SCHEDULED_MESSAGES) {
                let row = waiting(tx, owner, peer, id)?;
                positions.extend(release(tx, &pace, &row, origin)?.positions);
            }
            Ok(positions)
        })
        .await
}

/// Sends one message whose time has come. One that may not be sent any more (the account is gone, one of
/// the two blocked the other or does not show any more when they are online) is dropped, and its owner's
/// devices told; where its owner sends too fast, all of theirs that are due are put off until they may go on.
pub async fn send_due(service: &Service, owner: UserId, id: i32) -> Result<(), Error> {
    let pace = Arc::clone(&service.pace);
    service
        .store
        .write(move |tx| {
            if users::is_deleted(tx, owner)? {
                return Ok(scheduled::delete(tx, owner, id)?);
            }
            let Some(row) = scheduled::get(tx, owner, id)? else { return Ok(()) };
            let now = tx.now();
            if row.date > now && row.date != WHEN_ONLINE {
                // Put off since it was found.
                return Ok(());
            }
            let to = row.peer.user().unwrap_or(owner);
            let released = if row.date == WHEN_ONLINE && !see_each_other(tx, owner, to)? {
                Err(Fault::schedule_status_private().into())
            } else {
                release(tx, &pace, &row, None)
            };
            match released {
                Ok(_) => Ok(()),
                Err(Error::Fault(fault)) if fault.code < 500 => {
                    if let Some(secs) = fault.wait_secs() {
                        let until = now.plus_secs(secs);
                        scheduled::postpone_due(tx, owner, until)?;
                        scheduled::postpone(tx, owner, id, until)?;
                        return Ok(());
                    }
                    scheduled::delete(tx, owner, id)?;
                    log::append(tx, owner, shown::gone(row.peer, &[id], &[]), None)?;
                    Ok(())
                }
                Err(passing) => Err(passing),
            }
        })
        .await
}

/// Tries one again later that could not be sent for a reason of the server's own.
pub async fn put_off(service: &Service, owner: UserId, id: i32, until: Time) -> Result<(), Error> {
    Ok(service.store.write(move |tx| scheduled::postpone(tx, owner, id, until)).await?)
}

/// Makes a message of what waits. Faults come before anything is written.
fn release(tx: &mut Tx<'_>, pace: &Pace, row: &Scheduled, origin: Origin) -> Result<Sent, Error> {
    let to = row.peer.user().ok_or_else(Fault::peer_id_invalid)?;
    if let Some(random_id) = row.random_id
        && let Some(mut sent) = send::repeated(tx, row.owner, random_id)?
    {
        sent.positions.push(leave(tx, row, sent.message_id, origin)?);
        return Ok(sent);
    }
    send::may_write(tx, pace, row.owner, to)?;
    let reply_to = match row.reply_to {
        // The answered message may be gone by now.
        Some(id) if send::answered(tx, row.owner, to, id).is_ok() => Some(id),
        _ => None,
    };
    let ttl = send::ttl(tx, row.owner, to)?;
    let mut content = Content::unpack(&row.content)?.with_ttl(ttl);
    if reply_to.is_none() {
        content = content.without_quote();
    }
    let draft = Draft {
        from: row.owner,
        to,
        random_id: row.random_id,
        content: content.pack(),
        silent: row.flags & messages::flag::SILENT != 0,
        reply_to,
        ttl,
        service: false,
        one_sided: false,
        origin,
    };
    let written = write::write(tx, &draft)?;
    let flags = row.flags | messages::flag::FROM_SCHEDULED;
    messages::set_flags(tx, row.owner, written.message_id, flags)?;
    let gone = leave(tx, row, written.message_id, origin)?;
    Ok(Sent { message_id: written.message_id, positions: vec![written.position, gone] })
}

/// Takes out what became a message of the box.
fn leave(tx: &mut Tx<'_>, row: &Scheduled, message_id: i32, origin: Origin) -> Result<Position, Error> {
    scheduled::delete(tx, row.owner, row.id)?;
    let gone = shown::gone(row.peer, &[row.id], &[message_id]);
    Ok(log::append(tx, row.owner, gone, origin)?)
}

fn waiting(tx: &mut Tx<'_>, owner: UserId, peer: Peer, id: i32) -> Result<Scheduled, Error> {
    let row = scheduled::get(tx, owner, id)?.filter(|row| row.peer == peer);
    Ok(row.ok_or_else(Fault::message_id_invalid)?)
}

/// When a message is to be sent; `None` for now.
fn when(tx: &mut Tx<'_>, from: UserId, to: UserId, date: i32) -> Result<Option<Time>, Error> {
    let date = Time::from_secs(date.into());
    if date == WHEN_ONLINE {
        if from == to {
            return Err(Fault::schedule_date_invalid().into());
        }
        let shown = see_each_other(tx, from, to)?;
        return if shown { Ok(Some(date)) } else { Err(Fault::schedule_status_private().into()) };
    }
    let now = tx.now();
    if date > now.plus_secs(limits::SCHEDULE_AHEAD_SECS) {
        return Err(Fault::schedule_date_too_late().into());
    }
    Ok((date >= now.plus_secs(limits::SCHEDULE_SOON_SECS)).then_some(date))
}

/// Whether each of the two sees when the other is online. That a message arrives the moment somebody comes
/// online tells when they were.
fn see_each_other(tx: &mut Tx<'_>, from: UserId, to: UserId) -> Result<bool, Error> {
    Ok(people::allows(tx, to, from, Key::StatusTimestamp)?
        && people::allows(tx, from, to, Key::StatusTimestamp)?)
}
