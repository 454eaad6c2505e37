//! Drafts: what somebody began to write, on all of their devices.

use domain::{Error, Peer, UserId};
use store::{Tx, dialogs};
use updates::event;
use updates::log::{self, Origin, Position};

/// Forgets the draft of a dialog, if there is one, and tells the other devices.
pub fn clear(tx: &mut Tx<'_>, owner: UserId, peer: Peer, origin: Origin) -> Result<Option<Position>, Error> {
    let has_draft = dialogs::get(tx, owner, peer)?.is_some_and(|dialog| dialog.draft.is_some());
    if !has_draft {
        return Ok(None);
    }
    dialogs::set_draft(tx, owner, peer, None)?;
    let date = tx.now();
    Ok(Some(log::append(tx, owner, event::draft_cleared(peer, date), origin)?))
}
