//! `messages.deleteMessages` and `messages.deleteHistory`: for oneself, or for both.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Error, Fault, Peer, Time, UserId, limits};
use store::histories::{self, Stretch};
use store::messages::Outline;
use store::{StoreError, Tx, boxes, dialogs, messages};
use updates::content::Action;
use updates::log::{self, Event, Origin};
use updates::{Content, event};

use super::affected::{Affected, Progress};
use super::erase;
use super::{drafts, read};
use crate::Service;

/// Deletes messages of any of the caller's dialogs; with `revoke`, every copy of them (P10.2b: either side,
/// at any time). Ids that are not in the box are passed over.
///
/// Errors: `INPUT_REQUEST_TOO_LONG`.
pub async fn messages(
    service: &Service,
    owner: UserId,
    ids: Vec<i32>,
    revoke: bool,
    origin: Origin,
) -> Result<Affected, Error> {
    if ids.len() > limits::DELETE_BATCH {
        return Err(Fault::request_too_long().into());
    }
    service.store.write(move |tx| Ok(remove(tx, owner, &ids, revoke, origin)?.at_last(tx, owner)?)).await
}

pub struct History {
    pub owner: UserId,
    pub peer: Peer,
    /// The highest id that goes; `None` for all.
    pub max_id: Option<i32>,
    /// Only what is younger than this.
    pub after: Option<Time>,
    /// Only what is older than this.
    pub before: Option<Time>,
    /// Keep the dialog in the list, with a mark where its messages were.
    pub just_clear: bool,
    pub revoke: bool,
    pub origin: Origin,
}

/// Deletes a dialog's messages, newest first, a bounded number at a time.
///
/// Errors: none of its own.
pub async fn history(service: &Service, command: History) -> Result<Progress, Error> {
    service.store.write(move |tx| history_slice(tx, &command)).await
}

fn history_slice(tx: &mut Tx<'_>, command: &History) -> Result<Progress, Error> {
    let (owner, peer, origin) = (command.owner, command.peer, command.origin);
    let max_id = command.max_id.unwrap_or(i32::MAX);
    let stretch = Stretch { max_id, after: command.after, before: command.before };
    let limit = i64::try_from(limits::DELETE_HISTORY_SLICE).unwrap_or(i64::MAX);
    boxes::hold_both(tx, owner, peer.user().unwrap_or(owner))?;
    let mut ids = histories::slice(tx, owner, peer, stretch, limit)?;
    let newest = messages::top(tx, owner, peer)?.map(|(id, _)| id);
    let mut affected = Affected::default();
    let mut kept = 0;
    if command.just_clear && ids.first().copied() == newest && !ids.is_empty() {
        let id = ids.remove(0);
        kept = 1;
        affected = clear_mark(tx, command, id)?;
    }
    let removed = remove(tx, owner, &ids, command.revoke, origin)?;
    if removed.pts_count > 0 {
        affected = Affected { pts: removed.pts, pts_count: affected.pts_count + removed.pts_count };
    }
    if !command.just_clear && newest.is_some() && messages::top(tx, owner, peer)?.is_none() {
        leave(tx, owner, peer, origin)?;
    }
    let mut left = histories::count(tx, owner, peer, stretch)? - kept;
    let whole = !command.just_clear && stretch.after.is_none() && stretch.before.is_none();
    if command.revoke && whole && left <= 0 && newest.is_none_or(|newest| newest <= max_id) {
        left = others_rest(tx, owner, peer, limit, origin)?;
    }
    Ok(Progress { affected: affected.at_last(tx, owner)?, left: left.max(0) })
}

/// A dialog deleted for both goes whole: the other side also loses the messages of which the owner had
/// deleted their own copy before. Returns how many are left for the next call.
fn others_rest(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    limit: i64,
    origin: Origin,
) -> Result<i64, StoreError> {
    let Some(partner) = peer.user().filter(|partner| *partner != owner) else { return Ok(0) };
    let all = Stretch { max_id: i32::MAX, after: None, before: None };
    let ids = histories::slice(tx, partner, owner.into(), all, limit)?;
    if !ids.is_empty() {
        erase::erase(tx, partner, &ids, origin)?;
    }
    histories::count(tx, partner, owner.into(), all)
}

/// Takes messages out of the owner's box, and with `revoke` their copies out of the others'.
fn remove(
    tx: &mut Tx<'_>,
    owner: UserId,
    ids: &[i32],
    revoke: bool,
    origin: Origin,
) -> Result<Affected, StoreError> {
    let ids: Vec<i32> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    for holder in copies(tx, owner, &ids, revoke)?.into_keys() {
        boxes::hold(tx, holder)?;
    }
    let mut affected = Affected::default();
    // Looked for once more: before the boxes were held, others could delete some of them.
    for (holder, ids) in copies(tx, owner, &ids, revoke)? {
        if let Some((position, count)) = erase::erase(tx, holder, &ids, origin)?
            && holder == owner
        {
            affected.note(position, count);
        }
    }
    Ok(affected)
}

/// The messages of the owner's box, and with `revoke` their copies in other boxes, in rising order of owner.
fn copies(
    tx: &mut Tx<'_>,
    owner: UserId,
    ids: &[i32],
    revoke: bool,
) -> Result<BTreeMap<UserId, Vec<i32>>, StoreError> {
    let mut copies = BTreeMap::from([(owner, ids.to_vec())]);
    if revoke {
        let found = messages::outlines(tx, owner, ids)?;
        let twins: Vec<_> = found.iter().filter_map(Outline::twin).collect();
        for (other, id) in histories::twins(tx, &twins)? {
            if other != owner {
                copies.entry(other).or_default().push(id);
            }
        }
    }
    Ok(copies)
}

/// Puts the mark of a cleared history where the newest message was, which keeps the dialog in its place.
fn clear_mark(tx: &mut Tx<'_>, command: &History, id: i32) -> Result<Affected, Error> {
    let (owner, origin) = (command.owner, command.origin);
    let mut affected = Affected::default();
    let Some(row) = messages::get(tx, owner, id)? else { return Ok(affected) };
    if Content::unpack(&row.content)?.is_history_clear() {
        return Ok(affected);
    }
    read::inbox(tx, owner, command.peer, id, origin, &mut affected)?;
    if command.revoke
        && let Some(twin) = row.twin()
    {
        for (other, copy) in histories::twins(tx, &[twin])? {
            if other != owner {
                erase::erase(tx, other, &[copy], origin)?;
            }
        }
    }
    histories::blank(tx, &row, &Content::action(&Action::HistoryClear).pack())?;
    store::words::forget(tx, owner, id)?;
    store::reactions::delete_of_message(tx, owner, id)?;
    affected.append(tx, owner, Event::EditMessage { message_id: id }, origin)?;
    Ok(affected)
}

/// The dialog leaves the list: with it go its place among the pinned ones, its mark and its draft.
pub(super) fn leave(tx: &mut Tx<'_>, owner: UserId, peer: Peer, origin: Origin) -> Result<(), Error> {
    let Some(dialog) = dialogs::get(tx, owner, peer)? else { return Ok(()) };
    drafts::clear(tx, owner, peer, origin)?;
    if dialog.pin_order.is_some() {
        dialogs::set_pin(tx, owner, peer, None)?;
        log::append(tx, owner, event::dialog_pinned(peer, false), origin)?;
    }
    if dialog.flags & dialogs::flag::UNREAD_MARK != 0 {
        dialogs::set_flags(tx, owner, peer, dialog.flags & !dialogs::flag::UNREAD_MARK)?;
        log::append(tx, owner, event::dialog_unread_mark(peer, false), origin)?;
    }
    Ok(())
}
