//! Drafts: what somebody began to write, on all of their devices.

use domain::{Error, Fault, Peer, UserId};
use store::{Tx, dialogs, messages};
use updates::draft::Draft;
use updates::log::{self, Event, Origin, Position};

use crate::Service;

/// Keeps what was begun; an empty draft forgets what was kept before.
///
/// An answer to a message of another dialog, or to one that is gone, is kept without what it answers.
///
/// Errors: none of its own.
pub async fn save(
    service: &Service,
    owner: UserId,
    peer: Peer,
    mut draft: Draft,
    origin: Origin,
) -> Result<(), Error> {
    if !matches!(peer, Peer::User(_)) {
        return Err(Fault::peer_id_invalid().into());
    }
    service
        .store
        .write(move |tx| {
            if let Some(id) = draft.reply_to {
                draft.reply_to = messages::get(tx, owner, id)?.filter(|row| row.peer == peer).map(|_| id);
            }
            if draft.is_empty() {
                clear(tx, owner, peer, origin)?;
                return Ok(());
            }
            let stored = dialogs::get(tx, owner, peer)?.and_then(|dialog| dialog.draft);
            if let Some(stored) = stored
                && draft.is_same(&stored)?
            {
                return Ok(());
            }
            let bytes = draft.pack(tx.now());
            dialogs::touch(tx, owner, peer)?;
            dialogs::set_draft(tx, owner, peer, Some(&bytes))?;
            log::append(tx, owner, Event::Draft { peer }, origin)?;
            Ok(())
        })
        .await
}

/// Forgets every draft.
///
/// Errors: none of its own.
pub async fn clear_all(service: &Service, owner: UserId, origin: Origin) -> Result<(), Error> {
    service
        .store
        .write(move |tx| {
            for dialog in dialogs::with_draft(tx, owner)? {
                clear(tx, owner, dialog.peer, origin)?;
            }
            Ok(())
        })
        .await
}

/// Forgets the draft of a dialog, if there is one, and tells the other devices.
pub fn clear(tx: &mut Tx<'_>, owner: UserId, peer: Peer, origin: Origin) -> Result<Option<Position>, Error> {
    let has_draft = dialogs::get(tx, owner, peer)?.is_some_and(|dialog| dialog.draft.is_some());
    if !has_draft {
        return Ok(None);
    }
    dialogs::set_draft(tx, owner, peer, None)?;
    Ok(Some(log::append(tx, owner, Event::Draft { peer }, origin)?))
}
