//! `messages.toggleDialogPin` and `messages.reorderPinnedDialogs`.

use domain::{Error, Fault, Peer, UserId, limits};
use store::{Tx, dialogs};
use updates::event;
use updates::log::{self, Origin};

use crate::Service;

/// Puts a dialog on top of the pinned ones, or lets it go.
///
/// Errors: `PEER_HISTORY_EMPTY`, `PINNED_DIALOGS_TOO_MUCH`.
pub async fn toggle(
    service: &Service,
    owner: UserId,
    peer: Peer,
    pinned: bool,
    origin: Origin,
) -> Result<(), Error> {
    service
        .store
        .write(move |tx| {
            let dialog = dialogs::get(tx, owner, peer)?;
            if dialog.as_ref().is_some_and(|dialog| dialog.pin_order.is_some()) == pinned {
                return Ok(());
            }
            let mut order = None;
            if pinned {
                check(tx, owner, peer)?;
                let others = dialogs::pinned(tx, owner)?;
                if others.len() >= limits::PINNED_DIALOGS {
                    return Err(Fault::pinned_dialogs_too_much().into());
                }
                let lowest = others.iter().filter_map(|other| other.pin_order).min().unwrap_or(0);
                order = Some(lowest - 1);
            }
            dialogs::set_pin(tx, owner, peer, order)?;
            log::append(tx, owner, event::dialog_pinned(peer, pinned), origin)?;
            Ok(())
        })
        .await
}

/// Gives the pinned dialogs a new order; those that it leaves out come after, or with `force` are let go.
///
/// Errors: `PEER_HISTORY_EMPTY`, `PINNED_DIALOGS_TOO_MUCH`.
pub async fn reorder(
    service: &Service,
    owner: UserId,
    order: Vec<Peer>,
    force: bool,
    origin: Origin,
) -> Result<(), Error> {
    service
        .store
        .write(move |tx| {
            let before: Vec<Peer> =
                dialogs::pinned(tx, owner)?.into_iter().map(|dialog| dialog.peer).collect();
            let after = reordered(&before, &order, force);
            if after.len() > limits::PINNED_DIALOGS {
                return Err(Fault::pinned_dialogs_too_much().into());
            }
            if after == before {
                return Ok(());
            }
            for peer in before.iter().filter(|peer| !after.contains(peer)) {
                dialogs::set_pin(tx, owner, *peer, None)?;
            }
            for (place, peer) in (1..).zip(&after) {
                if !before.contains(peer) {
                    check(tx, owner, *peer)?;
                }
                dialogs::set_pin(tx, owner, *peer, Some(place))?;
            }
            log::append(tx, owner, event::pinned_dialogs(&after), origin)?;
            Ok(())
        })
        .await
}

/// Only a dialog that the list shows can be pinned in it.
fn check(tx: &mut Tx<'_>, owner: UserId, peer: Peer) -> Result<(), Error> {
    match dialogs::get(tx, owner, peer)? {
        Some(dialog) if dialog.top_message > 0 => Ok(()),
        _ => Err(Fault::peer_history_empty().into()),
    }
}

/// The pinned ones in a new order, each once: those that `order` leaves out come after, or with `force` go.
pub(crate) fn reordered(before: &[Peer], order: &[Peer], force: bool) -> Vec<Peer> {
    let rest = if force { &[] } else { before };
    let mut after: Vec<Peer> = Vec::new();
    for peer in order.iter().chain(rest) {
        if !after.contains(peer) {
            after.push(*peer);
        }
    }
    after
}
