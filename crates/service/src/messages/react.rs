//! `messages.sendReaction` and what goes with it.

use std::sync::Arc;

use domain::{Error, Fault, Peer, UserId, limits, reactions as list};
use store::messages::{self, Message, flag};
use store::reactions::{self, Given, Reaction};
use store::{StoreError, Tx, boxes, dialogs, settings};
use updates::event;
use updates::log::{self, Event, Origin, Position};

use super::affected::{Affected, Progress};
use super::send;
use crate::Service;

/// The setting that holds the emoji last used, a JSON list.
const RECENT: &str = "recent_reactions";

/// Emoji kept there.
const RECENT_MAX: usize = 50;

pub struct React {
    pub by: UserId,
    pub peer: Peer,
    pub message_id: i32,
    /// All that the person wants to be seen under the message from now on; none to take back what is there.
    pub emoji: Vec<String>,
    pub big: bool,
    /// Note them among the emoji last used.
    pub remember: bool,
    pub origin: Origin,
}

/// Gives the events of the person's own box.
///
/// Errors: `MESSAGE_ID_INVALID`, `REACTION_INVALID`, `REACTIONS_TOO_MANY`, `MESSAGE_NOT_MODIFIED`, those of
/// writing to the peer.
pub async fn react(service: &Service, command: React) -> Result<Vec<Position>, Error> {
    let wanted = check(&command.emoji)?;
    let pace = Arc::clone(&service.pace);
    service
        .store
        .write(move |tx| {
            let with = command.peer.user().ok_or_else(Fault::peer_id_invalid)?;
            send::may_write(tx, &pace, command.by, with)?;
            boxes::hold_both(tx, command.by, with)?;
            let row = messages::get(tx, command.by, command.message_id)?
                .filter(|row| row.peer == command.peer && !row.has(flag::SERVICE))
                .ok_or_else(Fault::message_id_invalid)?;
            if same(tx, &row, &command, &wanted)? {
                return Err(Fault::message_not_modified().into());
            }
            let mut own = Vec::new();
            for mut copy in messages::copies(tx, row)? {
                let position = give(tx, &mut copy, &command, &wanted)?;
                if copy.owner == command.by {
                    own.push(position);
                }
            }
            if command.remember && !wanted.is_empty() {
                own.push(remember(tx, command.by, &wanted, command.origin)?);
            }
            Ok(own)
        })
        .await
}

/// Known emoji, each once.
fn check(typed: &[String]) -> Result<Vec<&'static str>, Fault> {
    if typed.len() > limits::REACTIONS_PER_USER {
        return Err(Fault::reactions_too_many());
    }
    typed.iter().map(|typed| list::emoji(typed).ok_or_else(Fault::reaction_invalid)).collect()
}

/// Whether that is what the person has given already.
fn same(tx: &mut Tx<'_>, row: &Message, command: &React, wanted: &[&str]) -> Result<bool, StoreError> {
    let mut given = reactions::of_message(tx, row.owner, row.id)?;
    given.retain(|given| given.user == command.by);
    given.sort_by_key(|given| given.position);
    let same_emoji = given.len() == wanted.len()
        && given
            .iter()
            .zip(wanted)
            .all(|(given, wanted)| given.reaction == Reaction::Emoji((*wanted).to_owned()));
    Ok(same_emoji && given.iter().all(|given| given.big == command.big))
}

/// Puts a person's reactions under one box's copy of a message, in place of those they gave before.
fn give(tx: &mut Tx<'_>, copy: &mut Message, command: &React, wanted: &[&str]) -> Result<Position, Error> {
    boxes::hold(tx, copy.owner)?;
    reactions::delete_of_user(tx, copy.owner, copy.id, command.by)?;
    // Only who wrote the message is told that there is something new to see.
    let unread = copy.from == copy.owner && copy.owner != command.by;
    for (place, emoji) in (1..).zip(wanted) {
        let given = Given {
            owner: copy.owner,
            message_id: copy.id,
            user: command.by,
            position: place,
            date: tx.now(),
            reaction: Reaction::Emoji((*emoji).to_owned()),
            unread,
            big: command.big,
        };
        reactions::insert(tx, &given)?;
    }
    let all = reactions::of_message(tx, copy.owner, copy.id)?;
    if kinds(&all) > limits::REACTIONS_UNIQUE {
        return Err(Fault::reactions_too_many().into());
    }
    let mut flags = copy.flags & !(flag::HAS_REACTIONS | flag::UNREAD_REACTIONS);
    if !all.is_empty() {
        flags |= flag::HAS_REACTIONS;
    }
    if all.iter().any(|given| given.unread) {
        flags |= flag::UNREAD_REACTIONS;
        dialogs::reacted(tx, copy.owner, copy.peer)?;
    }
    if flags != copy.flags {
        messages::set_flags(tx, copy.owner, copy.id, flags)?;
        copy.flags = flags;
    }
    let event = Event::Reactions { message_id: copy.id };
    Ok(log::append(tx, copy.owner, event, command.origin)?)
}

fn kinds(given: &[Given]) -> usize {
    let mut kinds: Vec<&Reaction> = Vec::new();
    for given in given {
        if !kinds.contains(&&given.reaction) {
            kinds.push(&given.reaction);
        }
    }
    kinds.len()
}

/// `messages.readReactions`: the user has seen all reactions in a dialog; a bounded number at a time.
///
/// Errors: none of its own.
pub async fn read(service: &Service, reader: UserId, peer: Peer, origin: Origin) -> Result<Progress, Error> {
    service
        .store
        .write(move |tx| -> Result<Progress, Error> {
            boxes::hold(tx, reader)?;
            let limit = i64::try_from(limits::DELETE_HISTORY_SLICE).unwrap_or(i64::MAX);
            let ids = reactions::unread(tx, reader, peer, limit)?;
            let mut affected = Affected::default();
            look(tx, reader, &ids, origin, &mut affected)?;
            let left = reactions::unread_count(tx, reader, peer)?.into();
            Ok(Progress { affected: affected.at_last(tx, reader)?, left })
        })
        .await
}

/// Notes that the reactions to messages of a box were seen. Messages without new ones are passed over.
pub fn look(
    tx: &mut Tx<'_>,
    reader: UserId,
    ids: &[i32],
    origin: Origin,
    affected: &mut Affected,
) -> Result<(), StoreError> {
    boxes::hold(tx, reader)?;
    let mut seen = Vec::new();
    for message in messages::outlines(tx, reader, ids)? {
        if message.flags & flag::UNREAD_REACTIONS == 0 {
            continue;
        }
        for given in reactions::of_message(tx, reader, message.id)? {
            if given.unread {
                reactions::seen(tx, &given)?;
            }
        }
        messages::set_flags(tx, reader, message.id, message.flags & !flag::UNREAD_REACTIONS)?;
        seen.push(message.id);
    }
    if !seen.is_empty() {
        affected.append(tx, reader, Event::ReadContents { ids: seen }, origin)?;
    }
    Ok(())
}

/// Puts emoji in front of those last used, and has the person's devices fetch the list anew.
fn remember(tx: &mut Tx<'_>, owner: UserId, used: &[&str], origin: Origin) -> Result<Position, StoreError> {
    let mut all: Vec<String> = used.iter().map(|emoji| (*emoji).to_owned()).collect();
    for emoji in recent_of(tx, owner)? {
        if !all.contains(&emoji) {
            all.push(emoji);
        }
    }
    all.truncate(RECENT_MAX);
    let bytes = serde_json::to_vec(&all).map_err(|_| StoreError::corrupt("settings", RECENT))?;
    settings::set(tx, owner, RECENT, &bytes)?;
    log::append(tx, owner, event::recent_reactions(), origin)
}

/// The emoji last used, the latest first.
pub async fn recent(service: &Service, owner: UserId) -> Result<Vec<String>, Error> {
    Ok(service.store.read(move |tx| recent_of(tx, owner)).await?)
}

/// `messages.clearRecentReactions`.
///
/// Errors: none.
pub async fn forget_recent(service: &Service, owner: UserId, origin: Origin) -> Result<(), Error> {
    service
        .store
        .write(move |tx| -> Result<(), Error> {
            settings::clear(tx, owner, RECENT)?;
            log::append(tx, owner, event::recent_reactions(), origin)?;
            Ok(())
        })
        .await
}

fn recent_of(tx: &mut Tx<'_>, owner: UserId) -> Result<Vec<String>, StoreError> {
    match settings::get(tx, owner, RECENT)? {
        Some(bytes) => serde_json::from_slice(&bytes).map_err(|_| StoreError::corrupt("settings", RECENT)),
        None => Ok(Vec::new()),
    }
}
