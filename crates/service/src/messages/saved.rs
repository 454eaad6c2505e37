//! Dialogs of Saved Messages: deleted one by one, pinned on top.

use domain::{Error, Fault, Peer, UserId, limits};
use store::histories::Stretch;
use store::{Tx, boxes, messages, saved as rows};
use updates::log::{self, Origin};
use updates::{event, saved};

use super::affected::{Affected, Progress};
use super::delete::{self, History};
use super::erase;
use crate::Service;
use crate::dialogs::pin;

/// `messages.deleteSavedHistory`: deletes what was saved from `history.peer`, newest first, a bounded number at
/// a time. There is nobody else whose copies could go.
///
/// Errors: none of its own.
pub async fn delete(service: &Service, history: History) -> Result<Progress, Error> {
    service
        .store
        .write(move |tx| {
            let owner = history.owner;
            let max_id = history.max_id.unwrap_or(i32::MAX);
            let stretch = Stretch { max_id, after: history.after, before: history.before };
            let limit = i64::try_from(limits::DELETE_HISTORY_SLICE).unwrap_or(i64::MAX);
            boxes::hold(tx, owner)?;
            let ids = rows::slice(tx, owner, history.peer, stretch, limit)?;
            let mut affected = Affected::default();
            if let Some((position, count)) = erase::erase(tx, owner, &ids, history.origin)? {
                affected.note(position, count);
                if messages::top(tx, owner, owner.into())?.is_none() {
                    delete::leave(tx, owner, owner.into(), history.origin)?;
                }
                unpin_empty(tx, &history)?;
            }
            let full = i64::try_from(ids.len()).unwrap_or(i64::MAX) >= limit;
            let left = if full { rows::slice(tx, owner, history.peer, stretch, i64::MAX)?.len() } else { 0 };
            let left = i64::try_from(left).unwrap_or(i64::MAX);
            Ok(Progress { affected: affected.at_last(tx, owner)?, left })
        })
        .await
}

/// A dialog that is gone is not pinned any more.
fn unpin_empty(tx: &mut Tx<'_>, history: &History) -> Result<(), Error> {
    let mut pinned = saved::pinned(tx, history.owner)?;
    if pinned.contains(&history.peer) && rows::top(tx, history.owner, history.peer)?.is_none() {
        pinned.retain(|peer| *peer != history.peer);
        saved::set_pinned(tx, history.owner, &pinned)?;
        log::append(tx, history.owner, event::saved_dialog_pinned(history.peer, false), history.origin)?;
    }
    Ok(())
}

/// `messages.toggleSavedDialogPin`: puts a dialog on top of the pinned ones, or lets it go.
///
/// Errors: `PEER_HISTORY_EMPTY`, `PINNED_DIALOGS_TOO_MUCH`.
pub async fn toggle_pin(
    service: &Service,
    owner: UserId,
    peer: Peer,
    pinned: bool,
    origin: Origin,
) -> Result<(), Error> {
    service
        .store
        .write(move |tx| {
            let mut order = saved::pinned(tx, owner)?;
            if order.contains(&peer) == pinned {
                return Ok(());
            }
            order.retain(|other| *other != peer);
            if pinned {
                order.insert(0, peer);
            }
            set_order(tx, owner, &order)?;
            log::append(tx, owner, event::saved_dialog_pinned(peer, pinned), origin)?;
            Ok(())
        })
        .await
}

/// `messages.reorderPinnedSavedDialogs`: those that `order` leaves out come after, or with `force` are let go.
///
/// Errors: `PEER_HISTORY_EMPTY`, `PINNED_DIALOGS_TOO_MUCH`.
pub async fn reorder_pins(
    service: &Service,
    owner: UserId,
    order: Vec<Peer>,
    force: bool,
    origin: Origin,
) -> Result<(), Error> {
    service
        .store
        .write(move |tx| {
            let before = saved::pinned(tx, owner)?;
            let after = pin::reordered(&before, &order, force);
            if after != before {
                set_order(tx, owner, &after)?;
                log::append(tx, owner, event::pinned_saved_dialogs(&after), origin)?;
            }
            Ok(())
        })
        .await
}

fn set_order(tx: &mut Tx<'_>, owner: UserId, order: &[Peer]) -> Result<(), Error> {
    if order.len() > limits::PINNED_SAVED_DIALOGS {
        return Err(Fault::pinned_dialogs_too_much().into());
    }
    for peer in order {
        rows::top(tx, owner, *peer)?.ok_or_else(Fault::peer_history_empty)?;
    }
    Ok(saved::set_pinned(tx, owner, order)?)
}
