//! Lists of dialogs.

use domain::{Peer, Time, UserId};
use store::dialogs::{self, Dialog};
use store::{StoreError, Tx, messages, reactions};
use tl_api::{enums, types};

use crate::people::{self, Mentioned};
use crate::{Presence, difference, draft, message, notify};

/// Dialogs with what has to be shown of them.
#[derive(Debug, Default)]
pub struct Listed {
    pub dialogs: Vec<enums::Dialog>,
    pub messages: Vec<enums::Message>,
    pub users: Vec<enums::User>,
}

/// Where a page of dialogs begins: after this one.
#[derive(Clone, Copy, Debug)]
pub struct After {
    pub date: Time,
    pub message_id: i32,
}

/// One page: pinned dialogs first (on the first page, unless they are left out), then `limit` others by the
/// date of the newest message. Pinned ones do not count for the limit: clients go on after the last dialog of
/// a page, and that must not be one that stands above where its date belongs.
///
/// `messages.dialogs` when that is all, `messages.dialogsSlice` when there is more.
pub fn page(
    tx: &mut Tx<'_>,
    owner: UserId,
    after: Option<After>,
    exclude_pinned: bool,
    limit: i64,
    presence: &Presence,
) -> Result<enums::messages::Dialogs, StoreError> {
    let mut rows = Vec::new();
    if after.is_none() && !exclude_pinned && limit > 0 {
        rows = shown_pinned(tx, owner)?;
    }
    let start = after.map_or((Time(i64::MAX), i32::MAX), |after| (after.date, after.message_id));
    rows.extend(dialogs::page(tx, owner, start, limit)?);
    let count = dialogs::count(tx, owner)?;
    let listed = list(tx, owner, &rows, presence)?;
    let Listed { dialogs, messages, users } = listed;
    if after.is_none() && i64::try_from(dialogs.len()).unwrap_or(i64::MAX) >= count {
        return Ok(types::messages::Dialogs { dialogs, messages, users, ..Default::default() }.into());
    }
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    Ok(types::messages::DialogsSlice { count, dialogs, messages, users, ..Default::default() }.into())
}

/// Dialogs by peer, with the state of the box; those that do not exist are shown empty.
pub fn by_peers(
    tx: &mut Tx<'_>,
    owner: UserId,
    peers: &[Peer],
    presence: &Presence,
) -> Result<types::messages::PeerDialogs, StoreError> {
    let mut rows = Vec::with_capacity(peers.len());
    for peer in peers {
        rows.push(dialogs::get(tx, owner, *peer)?.unwrap_or_else(|| dialogs::empty(owner, *peer)));
    }
    peer_dialogs(tx, owner, &rows, presence)
}

/// The pinned dialogs in their order.
pub fn pinned(
    tx: &mut Tx<'_>,
    owner: UserId,
    presence: &Presence,
) -> Result<types::messages::PeerDialogs, StoreError> {
    let rows = shown_pinned(tx, owner)?;
    peer_dialogs(tx, owner, &rows, presence)
}

/// The dialogs that were marked unread by hand.
pub fn unread_marks(tx: &mut Tx<'_>, owner: UserId) -> Result<Vec<enums::DialogPeer>, StoreError> {
    let peers = dialogs::unread_marks(tx, owner)?;
    Ok(peers.into_iter().map(|peer| types::DialogPeer { peer: people::peer(peer) }.into()).collect())
}

/// A pinned dialog that is empty for now keeps its place, but is not shown: clients want a message in each.
fn shown_pinned(tx: &mut Tx<'_>, owner: UserId) -> Result<Vec<Dialog>, StoreError> {
    let mut rows = dialogs::pinned(tx, owner)?;
    rows.retain(|row| row.top_message > 0);
    Ok(rows)
}

fn peer_dialogs(
    tx: &mut Tx<'_>,
    owner: UserId,
    rows: &[Dialog],
    presence: &Presence,
) -> Result<types::messages::PeerDialogs, StoreError> {
    let Listed { dialogs, messages, users } = list(tx, owner, rows, presence)?;
    let state = difference::state(tx, owner)?;
    Ok(types::messages::PeerDialogs { dialogs, messages, users, state, ..Default::default() })
}

fn list(tx: &mut Tx<'_>, owner: UserId, rows: &[Dialog], presence: &Presence) -> Result<Listed, StoreError> {
    let mut mentioned = Mentioned::default();
    let mut listed = Listed::default();
    let peers: Vec<Peer> = rows.iter().map(|row| row.peer).collect();
    let notify = notify::of_peers(tx, owner, &peers)?;
    let tops: Vec<i32> = rows.iter().map(|row| row.top_message).collect();
    for top in messages::many(tx, owner, &tops)? {
        listed.messages.push(message::render(tx, &top, &mut mentioned)?);
    }
    for row in rows {
        mentioned.peer(row.peer);
        let notify_settings = notify.get(&row.peer).cloned().unwrap_or_default();
        let mut dialog = types::Dialog { notify_settings, ..dialog(row)? };
        if row.flags & dialogs::flag::REACTED != 0 {
            dialog.unread_reactions_count = reactions::unread_count(tx, owner, row.peer)?;
        }
        listed.dialogs.push(dialog.into());
    }
    listed.users = mentioned.users(tx, owner, presence)?;
    Ok(listed)
}

fn dialog(row: &Dialog) -> Result<types::Dialog, StoreError> {
    let draft = row.draft.as_deref().map(draft::unpack).transpose()?;
    // What somebody wrote to themself, they have read.
    let (read_inbox_max, read_outbox_max) = match row.peer == Peer::User(row.owner) {
        true => (row.top_message, row.top_message),
        false => (row.read_inbox_max, row.read_outbox_max),
    };
    Ok(types::Dialog {
        pinned: row.pin_order.is_some(),
        unread_mark: row.flags & dialogs::flag::UNREAD_MARK != 0,
        peer: people::peer(row.peer),
        top_message: row.top_message,
        read_inbox_max_id: read_inbox_max,
        read_outbox_max_id: read_outbox_max,
        unread_count: row.unread_count,
        draft,
        ttl_period: row.ttl_period,
        ..Default::default()
    })
}
