//! Marks on a dialog: `messages.markDialogUnread` and `messages.hidePeerSettingsBar`.

use domain::{Error, Peer, UserId};
use store::boxes;
use store::dialogs::{self, flag};
use updates::event;
use updates::log::{self, Origin};

use crate::Service;

/// Marks a dialog as unread by hand, or takes the mark off.
///
/// Errors: none of its own.
pub async fn unread(
    service: &Service,
    owner: UserId,
    peer: Peer,
    unread: bool,
    origin: Origin,
) -> Result<(), Error> {
    service
        .store
        .write(move |tx| {
            boxes::hold(tx, owner)?;
            let flags = dialogs::get(tx, owner, peer)?.map_or(0, |dialog| dialog.flags);
            if (flags & flag::UNREAD_MARK != 0) == unread {
                return Ok(());
            }
            dialogs::touch(tx, owner, peer)?;
            dialogs::set_flags(tx, owner, peer, flags ^ flag::UNREAD_MARK)?;
            log::append(tx, owner, event::dialog_unread_mark(peer, unread), origin)?;
            Ok(())
        })
        .await
}

/// Puts away the bar above a dialog.
///
/// Errors: none of its own.
pub async fn hide_bar(service: &Service, owner: UserId, peer: Peer, origin: Origin) -> Result<(), Error> {
    service
        .store
        .write(move |tx| {
            boxes::hold(tx, owner)?;
            let flags = dialogs::get(tx, owner, peer)?.map_or(0, |dialog| dialog.flags);
            if flags & flag::BAR_HIDDEN != 0 {
                return Ok(());
            }
            dialogs::touch(tx, owner, peer)?;
            dialogs::set_flags(tx, owner, peer, flags | flag::BAR_HIDDEN)?;
            let event = event::peer_settings(tx, owner, peer)?;
            log::append(tx, owner, event, origin)?;
            Ok(())
        })
        .await
}
