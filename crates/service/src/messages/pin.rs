//! `messages.updatePinnedMessage` and `messages.unpinAllMessages`.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ids::SERVICE_USER;
use domain::{Error, Fault, Peer, UserId, limits};
use store::messages::{self, Outline, flag};
use store::{Tx, boxes, histories, privacy};
use updates::Content;
use updates::content::Action;
use updates::log::{self, Event, Origin, Position};

use super::affected::{Affected, Progress};
use super::send;
use super::write::{self, Draft};
use crate::Service;

pub struct Pin {
    pub owner: UserId,
    pub peer: Peer,
    pub id: i32,
    pub pinned: bool,
    pub silent: bool,
    /// Only on the caller's own side.
    pub one_side: bool,
    pub origin: Origin,
}

/// Pins or unpins a message; pinning for both is told in the chat. Gives the caller's events.
///
/// Errors: `MESSAGE_ID_INVALID`, `CHAT_NOT_MODIFIED`, and those of [`send::may_write`] where the other side
/// would hear of it.
pub async fn pin(service: &Service, command: Pin) -> Result<Vec<Position>, Error> {
    let Peer::User(partner) = command.peer else { return Err(Fault::peer_id_invalid().into()) };
    let alone = [command.owner, SERVICE_USER].contains(&partner);
    let both = !command.one_side && !alone;
    let pace = Arc::clone(&service.pace);
    service
        .store
        .write(move |tx| {
            let row = messages::get(tx, command.owner, command.id)?
                .filter(|row| row.peer == command.peer && !row.has(flag::SERVICE))
                .ok_or_else(Fault::message_id_invalid)?;
            let tell = both && command.pinned;
            if tell {
                // Before the boxes, as in a send: counters are always taken first.
                send::may_write(tx, &pace, command.owner, partner)?;
            }
            boxes::hold_both(tx, command.owner, partner)?;
            let mut copies = BTreeMap::from([(command.owner, vec![command.id])]);
            // Whoever is blocked changes nothing on the other side.
            let reaches = both && !privacy::is_blocked(tx, partner, command.owner.into())?;
            if reaches && let Some(twin) = row.twin() {
                for (owner, id) in histories::twins(tx, &[twin])? {
                    copies.insert(owner, vec![id]);
                }
            }
            let mut changed = false;
            let mut positions = Vec::new();
            for (owner, ids) in copies {
                let peer = if owner == command.owner { command.peer } else { command.owner.into() };
                let position = set(tx, owner, peer, &ids, command.pinned, command.origin)?;
                changed |= position.is_some();
                positions.extend(position.filter(|_| owner == command.owner).map(|(position, _)| position));
            }
            if !changed {
                return Err(Fault::chat_not_modified().into());
            }
            if tell {
                positions.push(notice(tx, &command, partner)?);
            }
            Ok(positions)
        })
        .await
}

/// Unpins the messages of a dialog, on both sides (unless the other one blocked the owner), newest first, a
/// bounded number at a time.
///
/// Errors: none of its own.
pub async fn unpin_all(
    service: &Service,
    owner: UserId,
    peer: Peer,
    origin: Origin,
) -> Result<Progress, Error> {
    service
        .store
        .write(move |tx| {
            let limit = i64::try_from(limits::DELETE_HISTORY_SLICE).unwrap_or(i64::MAX);
            boxes::hold_both(tx, owner, peer.user().unwrap_or(owner))?;
            let ids = histories::pinned(tx, owner, peer, limit)?;
            let mut twins = Vec::new();
            if let Peer::User(partner) = peer
                && !privacy::is_blocked(tx, partner, owner.into())?
            {
                twins.extend(messages::outlines(tx, owner, &ids)?.iter().filter_map(Outline::twin));
            }
            let mut copies = BTreeMap::from([(owner, ids)]);
            for (other, id) in histories::twins(tx, &twins)? {
                if other != owner {
                    copies.entry(other).or_default().push(id);
                }
            }
            let mut affected = Affected::default();
            for (holder, ids) in copies {
                let in_dialog = if holder == owner { peer } else { owner.into() };
                if let Some((position, count)) = set(tx, holder, in_dialog, &ids, false, origin)?
                    && holder == owner
                {
                    affected.note(position, count);
                }
            }
            let left = histories::pinned_count(tx, owner, peer)?;
            Ok(Progress { affected: affected.at_last(tx, owner)?, left })
        })
        .await
}

/// Sets or clears the flag where it is not so already, in a box that is held. Gives the event and how many
/// messages changed.
fn set(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    ids: &[i32],
    pinned: bool,
    origin: Origin,
) -> Result<Option<(Position, i32)>, Error> {
    let mut changed = Vec::new();
    for message in messages::outlines(tx, owner, ids)? {
        if (message.flags & flag::PINNED != 0) != pinned {
            messages::set_flags(tx, owner, message.id, message.flags ^ flag::PINNED)?;
            changed.push(message.id);
        }
    }
    if changed.is_empty() {
        return Ok(None);
    }
    let event = Event::PinnedMessages { peer, ids: changed, pinned };
    let count = event.count();
    Ok(Some((log::append(tx, owner, event, origin)?, count)))
}

/// "… pinned a message", in both boxes.
fn notice(tx: &mut Tx<'_>, command: &Pin, partner: UserId) -> Result<Position, Error> {
    let ttl = send::ttl(tx, command.owner, partner)?;
    let written = write::write(
        tx,
        &Draft {
            from: command.owner,
            to: partner,
            random_id: None,
            content: Content::action(&Action::PinMessage).with_ttl(ttl).pack(),
            silent: command.silent,
            reply_to: Some(command.id),
            ttl,
            service: true,
            one_sided: false,
            origin: command.origin,
        },
    )?;
    Ok(written.position)
}
