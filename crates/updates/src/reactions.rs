//! Reactions as the owner of a box sees them.

use domain::{Peer, UserId};
use store::{StoreError, Tx, messages, reactions};
use tl_api::{enums, types};

use crate::history::{self, Window};
use crate::people::{self, Mentioned};
use crate::render::Rendered;
use crate::{Presence, message, offsets};

/// Messages with unseen reactions that are counted at all.
const UNREAD_MAX: i64 = 10_000;

/// The update that tells which reactions a message has now.
pub fn update(
    tx: &mut Tx<'_>,
    row: &messages::Message,
    mentioned: &mut Mentioned,
) -> Result<types::UpdateMessageReactions, StoreError> {
    mentioned.peer(row.peer);
    let reactions = message::reactions_of(tx, row, mentioned)?;
    Ok(types::UpdateMessageReactions {
        peer: people::peer(row.peer),
        msg_id: row.id,
        reactions,
        ..Default::default()
    })
}

/// The reactions of messages of a dialog; ids that are not in it are passed over.
pub fn of_messages(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    ids: &[i32],
    presence: &Presence,
) -> Result<types::Updates, StoreError> {
    let mut rendered = Rendered::default();
    for id in ids {
        if let Some(row) = messages::get(tx, owner, *id)?.filter(|row| row.peer == peer) {
            let update = update(tx, &row, &mut rendered.mentioned)?;
            rendered.push(update);
        }
    }
    rendered.into_updates(tx, owner, presence)
}

/// Who reacted to a message, latest first, from `offset` on. `None` when there is no such message.
pub fn list(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    message_id: i32,
    only: Option<&enums::Reaction>,
    (offset, limit): (usize, usize),
    presence: &Presence,
) -> Result<Option<types::messages::MessageReactionsList>, StoreError> {
    let Some(row) = messages::get(tx, owner, message_id)?.filter(|row| row.peer == peer) else {
        return Ok(None);
    };
    let all = message::reactions_of(tx, &row, &mut Mentioned::default())?;
    let mut given = all.recent_reactions.unwrap_or_default();
    given.retain(|given| only.is_none_or(|only| given.reaction == *only));
    let count = i32::try_from(given.len()).unwrap_or(i32::MAX);
    let end = offset.saturating_add(limit).min(given.len());
    let next_offset = (end < given.len()).then(|| end.to_string());
    given.truncate(end);
    given.drain(..offset.min(end));
    let mut mentioned = Mentioned::default();
    for given in &given {
        mentioned.tl_peer(Some(&given.peer_id));
    }
    let users = mentioned.users(tx, owner, presence)?;
    Ok(Some(types::messages::MessageReactionsList {
        count,
        reactions: given,
        users,
        next_offset,
        ..Default::default()
    }))
}

/// A page of a dialog's messages with reactions that the owner has not seen.
pub fn unread(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    window: &Window,
    presence: &Presence,
) -> Result<enums::messages::Messages, StoreError> {
    let mut ids = reactions::unread(tx, owner, peer, UNREAD_MAX)?;
    let count = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    ids = ids[offsets::page(&ids, window)].to_vec();
    ids.retain(|id| window.shows(*id));
    let rows = messages::many(tx, owner, &ids)?;
    history::answer(tx, owner, &rows, count, presence)
}
