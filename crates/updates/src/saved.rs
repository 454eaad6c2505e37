//! The chat with oneself as dialogs, by where its messages were saved from.

use domain::{Peer, UserId, limits};
use store::{StoreError, Tx, messages, saved, settings};
use tl_api::{enums, types};

use crate::history::{self, Window};
use crate::people::{self, Mentioned};
use crate::{Presence, message, offsets};

const PINNED: &str = "pinned saved dialogs";

/// The pinned ones in their order.
pub fn pinned(tx: &mut Tx<'_>, owner: UserId) -> Result<Vec<Peer>, StoreError> {
    let bytes = settings::get(tx, owner, PINNED)?.unwrap_or_default();
    let (keys, _) = bytes.as_chunks::<8>();
    Ok(keys.iter().filter_map(|key| Peer::from_key(i64::from_be_bytes(*key))).collect())
}

pub fn set_pinned(tx: &mut Tx<'_>, owner: UserId, order: &[Peer]) -> Result<(), StoreError> {
    let bytes: Vec<u8> = order.iter().flat_map(|peer| peer.key().to_be_bytes()).collect();
    settings::set(tx, owner, PINNED, &bytes)
}

/// Which dialogs are asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Page {
    /// Those whose newest message is below this id; 0 for all. The first page begins with the pinned ones.
    pub below: i32,
    pub exclude_pinned: bool,
    pub limit: usize,
}

/// A page, latest first. `messages.savedDialogs` when that is all, `messages.savedDialogsSlice` when there is
/// more.
pub fn page(
    tx: &mut Tx<'_>,
    owner: UserId,
    page: Page,
    presence: &Presence,
) -> Result<enums::messages::SavedDialogs, StoreError> {
    let pinned = pinned(tx, owner)?;
    let tops = saved::tops(tx, owner)?;
    let count = tops.len();
    let mut shown = Vec::new();
    if page.below <= 0 && !page.exclude_pinned && page.limit > 0 {
        shown.extend(pinned.iter().filter_map(|peer| tops.iter().find(|(of, _)| of == peer).copied()));
    }
    let rest =
        tops.iter().filter(|(peer, top)| !pinned.contains(peer) && (page.below <= 0 || *top < page.below));
    shown.extend(rest.take(page.limit));
    let whole = shown.len() >= count;
    let types::messages::SavedDialogs { dialogs, messages, users, .. } =
        list(tx, owner, &shown, &pinned, presence)?;
    if page.below <= 0 && whole {
        return Ok(types::messages::SavedDialogs { dialogs, messages, users, ..Default::default() }.into());
    }
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    Ok(types::messages::SavedDialogsSlice { count, dialogs, messages, users, ..Default::default() }.into())
}

/// The pinned dialogs that have messages.
pub fn pinned_page(
    tx: &mut Tx<'_>,
    owner: UserId,
    presence: &Presence,
) -> Result<types::messages::SavedDialogs, StoreError> {
    let peers = pinned(tx, owner)?;
    by_peers(tx, owner, &peers, presence)
}

/// Dialogs by peer; those that have no messages are left out.
pub fn by_peers(
    tx: &mut Tx<'_>,
    owner: UserId,
    peers: &[Peer],
    presence: &Presence,
) -> Result<types::messages::SavedDialogs, StoreError> {
    let pinned = pinned(tx, owner)?;
    let mut shown = Vec::new();
    for peer in peers {
        shown.extend(saved::top(tx, owner, *peer)?.map(|top| (*peer, top)));
    }
    list(tx, owner, &shown, &pinned, presence)
}

/// A page of one dialog's messages, newest first.
pub fn history(
    tx: &mut Tx<'_>,
    owner: UserId,
    from: Peer,
    mut window: Window,
    presence: &Presence,
) -> Result<enums::messages::Messages, StoreError> {
    if let (0, Some(date)) = (window.offset_id, window.offset_date) {
        let first = messages::first_since(tx, owner, owner.into(), date)?;
        window.offset_id = first.unwrap_or(i32::MAX);
    }
    let limit = i64::try_from(limits::SEARCH_FOUND).unwrap_or(i64::MAX);
    let ids = saved::ids(tx, owner, from, limit)?;
    let shown: Vec<i32> =
        ids[offsets::page(&ids, &window)].iter().copied().filter(|id| window.shows(*id)).collect();
    let rows = messages::many(tx, owner, &shown)?;
    let count = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    history::answer(tx, owner, &rows, count, presence)
}

fn list(
    tx: &mut Tx<'_>,
    owner: UserId,
    shown: &[(Peer, i32)],
    pinned: &[Peer],
    presence: &Presence,
) -> Result<types::messages::SavedDialogs, StoreError> {
    let mut mentioned = Mentioned::default();
    let mut answer = types::messages::SavedDialogs::default();
    for (peer, top) in shown {
        mentioned.peer(*peer);
        if let Some(row) = messages::get(tx, owner, *top)? {
            answer.messages.push(message::render(tx, &row, &mut mentioned)?);
        }
        let dialog = types::SavedDialog {
            pinned: pinned.contains(peer),
            peer: people::peer(*peer),
            top_message: *top,
        };
        answer.dialogs.push(dialog.into());
    }
    answer.users = mentioned.users(tx, owner, presence)?;
    Ok(answer)
}
