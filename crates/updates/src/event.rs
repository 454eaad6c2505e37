//! Events that stand in the log as finished updates: one function for each.

use domain::privacy::{Key, Rules};
use domain::{Peer, Time, UserId};
use store::{StoreError, Tx, users};
use tl_api::{enums, types};

use crate::log::Event;
use crate::{people, rules, settings};

/// The number by which a user's devices name an authorization to each other. It says nothing of the key.
pub fn authorization_hash(tx: &Tx<'_>, auth_key_id: i64) -> i64 {
    let hash = tx.keyed_hash("authorization", &auth_key_id.to_be_bytes());
    hash.iter().take(8).fold(0i64, |number, byte| (number << 8) | i64::from(*byte))
}

/// A device was signed in; the others are to ask whether it was their user.
pub fn new_authorization(hash: i64, date: Time, device: &str, address: &str) -> Event {
    Event::beside(types::UpdateNewAuthorization {
        unconfirmed: true,
        hash,
        date: Some(date.wire()),
        device: Some(device.to_owned()),
        location: Some(address.to_owned()),
    })
}

pub fn dialog_pinned(peer: Peer, pinned: bool) -> Event {
    let peer = types::DialogPeer { peer: people::peer(peer) }.into();
    Event::beside(types::UpdateDialogPinned { pinned, peer, ..Default::default() })
}

/// The pinned dialogs in their new order.
pub fn pinned_dialogs(order: &[Peer]) -> Event {
    let order = order.iter().map(|peer| types::DialogPeer { peer: people::peer(*peer) }.into()).collect();
    Event::beside(types::UpdatePinnedDialogs { order: Some(order), ..Default::default() })
}

pub fn saved_dialog_pinned(peer: Peer, pinned: bool) -> Event {
    let peer = types::DialogPeer { peer: people::peer(peer) }.into();
    Event::beside(types::UpdateSavedDialogPinned { pinned, peer })
}

/// The pinned dialogs of Saved Messages in their new order.
pub fn pinned_saved_dialogs(order: &[Peer]) -> Event {
    let order = order.iter().map(|peer| types::DialogPeer { peer: people::peer(*peer) }.into()).collect();
    Event::beside(types::UpdatePinnedSavedDialogs { order: Some(order) })
}

pub fn dialog_unread_mark(peer: Peer, unread: bool) -> Event {
    let peer = types::DialogPeer { peer: people::peer(peer) }.into();
    Event::beside(types::UpdateDialogUnreadMark { unread, peer, ..Default::default() })
}

/// What the bar above a dialog offers now; also how devices learn that somebody became a contact or is
/// one no more, because the user comes with it.
pub fn peer_settings(tx: &mut Tx<'_>, viewer: UserId, peer: Peer) -> Result<Event, StoreError> {
    let settings = settings::of_peer(tx, viewer, peer)?;
    Ok(Event::beside(types::UpdatePeerSettings { peer: people::peer(peer), settings }))
}

pub fn peer_blocked(peer: Peer, blocked: bool) -> Event {
    Event::beside(types::UpdatePeerBlocked { blocked, peer_id: people::peer(peer), ..Default::default() })
}

/// The rules of a key changed.
pub fn privacy(key: Key, rules: &Rules) -> Event {
    Event::beside(types::UpdatePrivacy { key: rules::key(key), rules: rules::to_tl(rules) })
}

/// Many contacts changed at once: devices fetch the list anew.
pub fn contacts_reset() -> Event {
    Event::beside(enums::Update::ContactsReset)
}

/// What the viewer may see of a user changed; the user comes with it.
pub fn user(id: UserId) -> Event {
    Event::beside(types::UpdateUser { user_id: id.0 })
}

/// A device was confirmed by another one.
pub fn authorization_confirmed(hash: i64) -> Event {
    Event::beside(types::UpdateNewAuthorization { hash, ..Default::default() })
}

/// The user goes by other names.
pub fn names(user: UserId, profile: &users::Profile) -> Event {
    let username = Some(&profile.username).filter(|username| !username.is_empty());
    Event::beside(types::UpdateUserName {
        user_id: user.0,
        first_name: profile.first_name.clone(),
        last_name: profile.last_name.clone(),
        usernames: username.map(|username| people::username(username)).into_iter().collect(),
    })
}

/// Something of the user's full profile is new: clients fetch it again.
pub fn profile(user: UserId) -> Event {
    Event::beside(types::UpdateUser { user_id: user.0 })
}

pub fn peer_history_ttl(peer: Peer, secs: Option<i32>) -> Event {
    Event::beside(types::UpdatePeerHistoryTtl { peer: people::peer(peer), ttl_period: secs })
}

/// The list of emoji last used as reactions is another one now.
pub fn recent_reactions() -> Event {
    Event::beside(enums::Update::RecentReactions)
}
