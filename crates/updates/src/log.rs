//! Writing to a box's event log.
//!
//! [`append`] runs in the transaction that makes the change: the event and the change become durable
//! together, and the hint that wakes connected devices leaves only after that.

use domain::hint::Hint;
use domain::{Peer, SessionRef, UserId};
use store::events::{self, What};
use store::{StoreError, Tx, boxes};
use tl::Encode;
use tl_api::{enums, types};

use crate::people;

pub use store::events::Position;

/// The session that caused an event. It learns of it by its answer and is not pushed to.
pub type Origin = Option<SessionRef>;

/// What happened in a box besides new messages ([`arrived`]), in the terms of those who make it happen.
#[derive(Clone, Debug)]
pub enum Event {
    EditMessage {
        message_id: i32,
    },
    DeleteMessages {
        ids: Vec<i32>,
    },
    ReadInbox {
        peer: Peer,
        max_id: i32,
        still_unread: i32,
    },
    ReadOutbox {
        peer: Peer,
        max_id: i32,
    },
    ReadContents {
        ids: Vec<i32>,
    },
    PinnedMessages {
        peer: Peer,
        ids: Vec<i32>,
        pinned: bool,
    },
    /// The draft of a dialog changed.
    Draft {
        peer: Peer,
    },
    /// A message for later is new or changed.
    Scheduled {
        peer: Peer,
        id: i32,
    },
    /// The reactions to a message changed.
    Reactions {
        message_id: i32,
    },
    /// Any other update that `pts` does not count. It is kept as it is, so nothing that somebody wrote may
    /// stand in it.
    Beside(Box<enums::Update>),
}

impl Event {
    /// By how much `pts` rises: one for each message concerned, as clients check.
    pub fn count(&self) -> i32 {
        match self {
            Self::EditMessage { .. } | Self::ReadInbox { .. } | Self::ReadOutbox { .. } => 1,
            Self::DeleteMessages { ids } | Self::ReadContents { ids } | Self::PinnedMessages { ids, .. } => {
                i32::try_from(ids.len()).unwrap_or(i32::MAX)
            }
            Self::Draft { .. } | Self::Scheduled { .. } | Self::Reactions { .. } | Self::Beside(_) => 0,
        }
    }

    /// An event beside `pts`, from an update in wire form.
    pub fn beside(update: impl Into<enums::Update>) -> Self {
        Self::Beside(Box::new(update.into()))
    }
}

/// Writes an event at the box's next `pts` (or beside the present one).
pub fn append(tx: &mut Tx<'_>, owner: UserId, event: Event, origin: Origin) -> Result<Position, StoreError> {
    // Nothing is taken for an event beside `pts`, but the row is held: the places there are counted.
    let count = event.count();
    let pts = boxes::allocate(tx, owner, count, 0)?.pts;
    let sub = if count == 0 { events::next_sub(tx, owner, pts)? } else { 0 };
    let what = match event {
        Event::EditMessage { message_id } => What::Edit { message_id },
        Event::Draft { peer } => What::Draft { peer },
        Event::Scheduled { peer, id } => What::Scheduled { peer, id },
        Event::Reactions { message_id } => What::Reactions { message_id },
        Event::Beside(update) => What::Update(pack(&update)),
        other => What::Update(pack(&update(other, pts))),
    };
    let date = tx.now();
    events::insert(tx, &events::Event { owner, pts, sub, count, date, what })?;
    tx.hint(Hint::Box { owner, pts, sub, origin });
    Ok(Position { pts, sub })
}

/// Tells of a message that was put into a box at this `pts`. Its row is all that the log needs.
pub fn arrived(tx: &mut Tx<'_>, owner: UserId, pts: i32, origin: Origin) -> Position {
    tx.hint(Hint::Box { owner, pts, sub: 0, origin });
    Position { pts, sub: 0 }
}

fn update(event: Event, pts: i32) -> enums::Update {
    let pts_count = event.count();
    match event {
        Event::DeleteMessages { ids } => types::UpdateDeleteMessages { messages: ids, pts, pts_count }.into(),
        Event::ReadInbox { peer, max_id, still_unread } => types::UpdateReadHistoryInbox {
            peer: people::peer(peer),
            max_id,
            still_unread_count: still_unread,
            pts,
            pts_count,
            ..Default::default()
        }
        .into(),
        Event::ReadOutbox { peer, max_id } => {
            types::UpdateReadHistoryOutbox { peer: people::peer(peer), max_id, pts, pts_count }.into()
        }
        Event::ReadContents { ids } => {
            types::UpdateReadMessagesContents { messages: ids, pts, pts_count, ..Default::default() }.into()
        }
        Event::PinnedMessages { peer, ids, pinned } => {
            types::UpdatePinnedMessages { pinned, peer: people::peer(peer), messages: ids, pts, pts_count }
                .into()
        }
        Event::Beside(update) => *update,
        Event::EditMessage { .. }
        | Event::Draft { .. }
        | Event::Scheduled { .. }
        | Event::Reactions { .. } => {
            unreachable!("what somebody wrote is referred to, not copied into the log")
        }
    }
}

fn pack(update: &enums::Update) -> Vec<u8> {
    update.to_bytes(tl_api::NEWEST_LAYER).expect("an update has a form in the newest layer")
}
