//! What a client may offer above a chat: add, share one's number.

use domain::privacy::Key;
use domain::{Peer, UserId, ids};
use store::{StoreError, Tx, contacts, dialogs, users};
use tl_api::types;

use crate::people;

/// The bar above a dialog, as `viewer` has it.
///
/// Source: the API's "Action bar" page. There are no reports yet, so none is offered.
pub fn of_peer(tx: &mut Tx<'_>, viewer: UserId, peer: Peer) -> Result<types::PeerSettings, StoreError> {
    let Peer::User(user) = peer else { return Ok(types::PeerSettings::default()) };
    if user == viewer || user == ids::SERVICE_USER || users::get(tx, user)?.is_none() {
        return Ok(types::PeerSettings::default());
    }
    let hidden =
        dialogs::get(tx, viewer, peer)?.is_some_and(|dialog| dialog.flags & dialogs::flag::BAR_HIDDEN != 0);
    let knows_number = people::allows(tx, viewer, user, Key::PhoneNumber)?;
    if contacts::is_contact(tx, viewer, user)? {
        return Ok(types::PeerSettings { share_contact: !knows_number && !hidden, ..Default::default() });
    }
    Ok(types::PeerSettings {
        add_contact: !hidden,
        need_contacts_exception: !knows_number,
        ..Default::default()
    })
}
