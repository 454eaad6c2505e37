//! Events of a box in their wire form.

use domain::{Time, UserId};
use store::events::{self, Position, What};
use store::{StoreError, Tx, dialogs, messages, scheduled as scheduled_rows};
use tl::Decode;
use tl_api::{enums, types};

use crate::people::Mentioned;
use crate::{Presence, draft, message, people, privacy, reactions, scheduled};

/// Events of one box in wire form, with everybody that they mention.
#[derive(Debug, Default)]
pub struct Rendered {
    pub updates: Vec<enums::Update>,
    pub mentioned: Mentioned,
}

impl Rendered {
    /// The container that pushes and answers carry. `seq` is 0: these updates are ordered by `pts` alone.
    pub fn into_updates(
        self,
        tx: &mut Tx<'_>,
        viewer: UserId,
        presence: &Presence,
    ) -> Result<types::Updates, StoreError> {
        let users = self.mentioned.users(tx, viewer, presence)?;
        Ok(types::Updates { updates: self.updates, users, chats: Vec::new(), date: tx.now().wire(), seq: 0 })
    }

    pub fn push(&mut self, update: impl Into<enums::Update>) {
        self.updates.push(update.into());
    }
}

/// The events of a box at the given positions, as an `updates` container for its owner.
pub fn updates(
    tx: &mut Tx<'_>,
    owner: UserId,
    positions: &[Position],
    presence: &Presence,
) -> Result<types::Updates, StoreError> {
    let mut rendered = Rendered::default();
    collect(tx, owner, positions, &mut rendered)?;
    rendered.into_updates(tx, owner, presence)
}

/// The same from memory alone, when each of the events is a message that has just arrived; `None` when
/// something of it has to be read.
pub fn remembered(
    owner: UserId,
    positions: &[Position],
    now: Time,
    presence: &Presence,
) -> Option<types::Updates> {
    let memory = presence.memory()?;
    let mut rendered = Rendered::default();
    for position in positions {
        let row = memory.arrived(owner, position.pts).filter(|_| position.sub == 0)?;
        let message = message::bare(&row, &mut rendered.mentioned).ok()?;
        rendered.push(types::UpdateNewMessage { message, pts: row.pts, pts_count: 1 });
    }
    let users = rendered.mentioned.remembered(owner, now, presence)?;
    Some(types::Updates { updates: rendered.updates, users, chats: Vec::new(), date: now.wire(), seq: 0 })
}

/// Adds the events of a box at the given positions to what is there.
pub fn collect(
    tx: &mut Tx<'_>,
    owner: UserId,
    positions: &[Position],
    rendered: &mut Rendered,
) -> Result<(), StoreError> {
    for position in positions {
        if let Some(event) = events::at(tx, owner, *position)? {
            one(tx, &event, rendered)?;
        }
    }
    Ok(())
}

/// One event. A message that is gone by now is told of as deleted, so that `pts` has no hole. False when there
/// is nothing to tell any more.
pub fn one(tx: &mut Tx<'_>, event: &events::Event, rendered: &mut Rendered) -> Result<bool, StoreError> {
    let (pts, pts_count) = (event.pts, event.count);
    let update = match &event.what {
        What::New { message_id } => match messages::get(tx, event.owner, *message_id)? {
            Some(row) => {
                let message = message::render(tx, &row, &mut rendered.mentioned)?;
                types::UpdateNewMessage { message, pts, pts_count }.into()
            }
            None => gone(*message_id, pts, pts_count),
        },
        What::Edit { message_id } => match messages::get(tx, event.owner, *message_id)? {
            Some(row) => {
                let message = message::render(tx, &row, &mut rendered.mentioned)?;
                types::UpdateEditMessage { message, pts, pts_count }.into()
            }
            None => gone(*message_id, pts, pts_count),
        },
        What::Draft { peer } => {
            rendered.mentioned.peer(*peer);
            let draft = match dialogs::get(tx, event.owner, *peer)?.and_then(|dialog| dialog.draft) {
                Some(bytes) => draft::unpack(&bytes)?,
                None => types::DraftMessageEmpty { date: Some(event.date.wire()) }.into(),
            };
            types::UpdateDraftMessage { peer: people::peer(*peer), draft, ..Default::default() }.into()
        }
        What::Scheduled { peer, id } => {
            // The event that took it out follows.
            let Some(row) = scheduled_rows::get(tx, event.owner, *id)?.filter(|row| row.peer == *peer) else {
                return Ok(false);
            };
            let message = scheduled::render(tx, &row, &mut rendered.mentioned)?;
            types::UpdateNewScheduledMessage { message }.into()
        }
        // As they are now: `pts` does not count them, so whoever hears of two changes the wrong way round could not
        // tell which was first.
        What::Reactions { message_id } => match messages::get(tx, event.owner, *message_id)? {
            Some(row) => reactions::update(tx, &row, &mut rendered.mentioned)?.into(),
            None => return Ok(false),
        },
        What::Update(bytes) => {
            let update =
                enums::Update::from_bytes(bytes).map_err(|_| StoreError::corrupt("events", "payload"))?;
            mention(&update, &mut rendered.mentioned);
            update
        }
    };
    rendered.updates.push(update);
    Ok(true)
}

fn gone(message_id: i32, pts: i32, pts_count: i32) -> enums::Update {
    types::UpdateDeleteMessages { messages: vec![message_id], pts, pts_count }.into()
}

/// Notes the people in a stored update.
fn mention(update: &enums::Update, mentioned: &mut Mentioned) {
    use enums::Update;
    let mut user = |id: i64| mentioned.user(UserId(id));
    match update {
        Update::UserName(update) => user(update.user_id),
        Update::UserPhone(update) => user(update.user_id),
        Update::User(update) => user(update.user_id),
        Update::PeerBlocked(update) => mentioned.tl_peer(Some(&update.peer_id)),
        Update::ReadHistoryInbox(update) => mentioned.tl_peer(Some(&update.peer)),
        Update::ReadHistoryOutbox(update) => mentioned.tl_peer(Some(&update.peer)),
        Update::PinnedMessages(update) => mentioned.tl_peer(Some(&update.peer)),
        Update::PeerSettings(update) => mentioned.tl_peer(Some(&update.peer)),
        Update::DialogPinned(update) => mentioned.dialog_peer(&update.peer),
        Update::SavedDialogPinned(update) => mentioned.dialog_peer(&update.peer),
        Update::PinnedSavedDialogs(update) => {
            for peer in update.order.iter().flatten() {
                mentioned.dialog_peer(peer);
            }
        }
        Update::DialogUnreadMark(update) => mentioned.dialog_peer(&update.peer),
        Update::PinnedDialogs(update) => {
            for peer in update.order.iter().flatten() {
                mentioned.dialog_peer(peer);
            }
        }
        Update::Privacy(update) => privacy::mention(&update.rules, mentioned),
        Update::NotifySettings(update) => {
            if let enums::NotifyPeer::NotifyPeer(scope) = &update.peer {
                mentioned.tl_peer(Some(&scope.peer));
            }
        }
        Update::PeerHistoryTtl(update) => mentioned.tl_peer(Some(&update.peer)),
        Update::DeleteScheduledMessages(update) => mentioned.tl_peer(Some(&update.peer)),
        _ => {}
    }
}
