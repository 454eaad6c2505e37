//! Taking messages out of one box: the step that every way of deleting shares.

use std::collections::BTreeSet;

use domain::{Peer, Time, UserId, limits};
use store::sent::{self, Made};
use store::{StoreError, Tx, boxes, dialogs, events, messages, reactions, words};
use updates::log::{self, Event, Origin, Position};

/// Deletes messages of one box with all that hangs on them, puts their dialogs right and tells the
/// owner's devices. Ids that are not in the box are passed over. Gives how many went with the event that
/// tells of it; `None` when none was there.
///
/// Whoever erases in several boxes does it in rising order of owner.
pub fn erase(
    tx: &mut Tx<'_>,
    owner: UserId,
    ids: &[i32],
    origin: Origin,
) -> Result<Option<(Position, i32)>, StoreError> {
    boxes::hold(tx, owner)?;
    let ids: Vec<i32> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let found = messages::outlines(tx, owner, &ids)?;
    if found.is_empty() {
        return Ok(None);
    }
    let repeated = tx.now().plus_secs(-limits::SENT_SECS);
    for message in &found {
        if let Some(random_id) = message.random_id
            && message.date > repeated
        {
            let made = Made::Message { id: message.id, pts: message.pts };
            sent::remember(tx, owner, random_id, made, message.date)?;
        }
        messages::delete(tx, owner, message.id)?;
        events::insert_gone(tx, owner, message)?;
        words::forget(tx, owner, message.id)?;
        if message.flags & messages::flag::HAS_REACTIONS != 0 {
            reactions::delete_of_message(tx, owner, message.id)?;
        }
    }
    let peers: BTreeSet<Peer> = found.iter().map(|message| message.peer).collect();
    for peer in peers {
        recount(tx, owner, peer)?;
    }
    let event = Event::DeleteMessages { ids: found.iter().map(|message| message.id).collect() };
    let count = event.count();
    Ok(Some((log::append(tx, owner, event, origin)?, count)))
}

/// Puts a dialog's newest message and number of unread messages right after some are gone.
fn recount(tx: &mut Tx<'_>, owner: UserId, peer: Peer) -> Result<(), StoreError> {
    let Some(dialog) = dialogs::get(tx, owner, peer)? else { return Ok(()) };
    let (top, date) = messages::top(tx, owner, peer)?.unwrap_or((0, Time(0)));
    if top != dialog.top_message {
        dialogs::set_top(tx, owner, peer, top, date)?;
    }
    let unread = messages::unread(tx, owner, peer, dialog.read_inbox_max)?;
    let unread = i32::try_from(unread).unwrap_or(i32::MAX);
    if unread != dialog.unread_count {
        dialogs::set_unread(tx, owner, peer, unread)?;
    }
    Ok(())
}
