//! `messages.readHistory` and its kin: what somebody has seen, and what the other side learns of it.

use domain::{Error, Fault, Peer, Time, UserId, limits};
use store::messages::Outline;
use store::{Tx, boxes, dialogs, histories, messages};
use updates::log::{self, Event, Origin};
use updates::{event, people};

use super::affected::Affected;
use super::react;
use crate::Service;

/// Reads a dialog up to a message; `None` for all of it.
///
/// Errors: none of its own.
pub async fn history(
    service: &Service,
    reader: UserId,
    peer: Peer,
    max_id: Option<i32>,
    origin: Origin,
) -> Result<Affected, Error> {
    service
        .store
        .write(move |tx| {
            let mut affected = Affected::default();
            inbox(tx, reader, peer, max_id.unwrap_or(i32::MAX), origin, &mut affected)?;
            unmark(tx, reader, peer, origin)?;
            Ok(affected.at_last(tx, reader)?)
        })
        .await
}

/// Moves the reader's mark up, and the author's mark of what has been read.
///
/// The mark never goes down. Nothing is told of stretches in which there was nothing to read.
pub fn inbox(
    tx: &mut Tx<'_>,
    reader: UserId,
    peer: Peer,
    max_id: i32,
    origin: Origin,
    affected: &mut Affected,
) -> Result<(), Error> {
    let Some(dialog) = dialogs::get(tx, reader, peer)? else { return Ok(()) };
    let max_id = max_id.min(dialog.top_message);
    if max_id <= dialog.read_inbox_max || peer == Peer::User(reader) {
        return Ok(());
    }
    let last = match peer {
        Peer::User(partner) => {
            let last = histories::authors_last(tx, reader, partner, dialog.read_inbox_max, max_id)?;
            last.map(|last| (partner, last))
        }
        _ => None,
    };
    if let Some((partner, last)) = last
        && partner < reader
    {
        outbox(tx, partner, reader, last)?;
    }
    boxes::hold(tx, reader)?;
    let unread = i32::try_from(messages::unread(tx, reader, peer, max_id)?).unwrap_or(i32::MAX);
    let moved = dialogs::set_read_inbox(tx, reader, peer, max_id, unread)?;
    if moved && unread != dialog.unread_count {
        let event = Event::ReadInbox { peer, max_id, still_unread: unread };
        affected.append(tx, reader, event, origin)?;
    }
    if let Some((partner, last)) = last
        && partner > reader
    {
        outbox(tx, partner, reader, last)?;
    }
    Ok(())
}

/// Tells the author that everything up to `last` (in their box) has been read.
fn outbox(tx: &mut Tx<'_>, author: UserId, reader: UserId, last: i32) -> Result<(), Error> {
    boxes::hold(tx, author)?;
    let peer = Peer::User(reader);
    let Some(dialog) = dialogs::get(tx, author, peer)? else { return Ok(()) };
    if dialogs::set_read_outbox(tx, author, peer, last)? {
        histories::stamp_read(tx, author, peer, dialog.read_outbox_max, last)?;
        log::append(tx, author, Event::ReadOutbox { peer, max_id: last }, None)?;
    }
    Ok(())
}

/// Takes the mark "unread" off a dialog that was opened.
fn unmark(tx: &mut Tx<'_>, owner: UserId, peer: Peer, origin: Origin) -> Result<(), Error> {
    let marked = |dialog: &dialogs::Dialog| dialog.flags & dialogs::flag::UNREAD_MARK != 0;
    if !dialogs::get(tx, owner, peer)?.is_some_and(|dialog| marked(&dialog)) {
        return Ok(());
    }
    // Most dialogs have no mark, so the box is held only now.
    boxes::hold(tx, owner)?;
    if let Some(dialog) = dialogs::get(tx, owner, peer)?.filter(marked) {
        dialogs::set_flags(tx, owner, peer, dialog.flags & !dialogs::flag::UNREAD_MARK)?;
        log::append(tx, owner, event::dialog_unread_mark(peer, false), origin)?;
    }
    Ok(())
}

/// Media that was played, mentions and reactions that were looked at: the author learns of the first.
///
/// Errors: `INPUT_REQUEST_TOO_LONG`.
pub async fn contents(
    service: &Service,
    reader: UserId,
    ids: Vec<i32>,
    origin: Origin,
) -> Result<Affected, Error> {
    if ids.len() > limits::MESSAGES_BATCH {
        return Err(Fault::request_too_long().into());
    }
    service
        .store
        .write(move |tx| {
            let mut ids = ids;
            ids.sort_unstable();
            ids.dedup();
            let unseen = messages::flag::MEDIA_UNREAD | messages::flag::MENTIONED;
            let seen: Vec<_> = messages::outlines(tx, reader, &ids)?
                .into_iter()
                .filter(|message| message.flags & unseen != 0 && message.from != reader)
                .collect();
            let twins: Vec<_> = seen
                .iter()
                .filter(|message| message.flags & messages::flag::MEDIA_UNREAD != 0)
                .filter_map(Outline::twin)
                .collect();
            let mut boxes = std::collections::BTreeMap::<UserId, Vec<i32>>::new();
            for (owner, id) in histories::twins(tx, &twins)? {
                boxes.entry(owner).or_default().push(id);
            }
            boxes.insert(reader, seen.iter().map(|message| message.id).collect());
            let mut affected = Affected::default();
            for (owner, ids) in boxes {
                let done = look(tx, owner, &ids, unseen, origin)?;
                if owner == reader {
                    affected = done;
                }
            }
            react::look(tx, reader, &ids, origin, &mut affected)?;
            Ok(affected.at_last(tx, reader)?)
        })
        .await
}

fn look(tx: &mut Tx<'_>, owner: UserId, ids: &[i32], unseen: i64, origin: Origin) -> Result<Affected, Error> {
    let mut affected = Affected::default();
    let mut changed = Vec::new();
    boxes::hold(tx, owner)?;
    for message in messages::outlines(tx, owner, ids)? {
        if message.flags & unseen != 0 {
            messages::set_flags(tx, owner, message.id, message.flags & !unseen)?;
            changed.push(message.id);
        }
    }
    if !changed.is_empty() {
        affected.append(tx, owner, Event::ReadContents { ids: changed }, origin)?;
    }
    Ok(affected)
}

/// When the other side read a message of the caller's. Who hides their own dates does not see others'.
///
/// Errors: `MESSAGE_ID_INVALID`, `MESSAGE_NOT_READ_YET`, `MESSAGE_TOO_OLD`, `YOUR_PRIVACY_RESTRICTED`,
/// `USER_PRIVACY_RESTRICTED`.
pub async fn outbox_date(service: &Service, author: UserId, peer: Peer, id: i32) -> Result<Time, Error> {
    let Peer::User(reader) = peer else { return Err(Fault::peer_id_invalid().into()) };
    service
        .store
        .read(move |tx| {
            let row = messages::get(tx, author, id)?
                .filter(|row| row.peer == peer && row.out())
                .ok_or_else(Fault::message_id_invalid)?;
            if row.date.plus_secs(limits::READ_DATE_SECS) < tx.now() {
                return Err(Fault::message_too_old().into());
            }
            if people::hides_read_dates(tx, author, reader)? {
                return Err(Fault::your_privacy_restricted().into());
            }
            if people::hides_read_dates(tx, reader, author)? {
                return Err(Fault::user_privacy_restricted().into());
            }
            Ok(histories::read_at(tx, author, id)?.ok_or_else(Fault::message_not_read_yet)?)
        })
        .await
}
