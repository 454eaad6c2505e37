//! Everything that a viewer may know of a user.

use domain::privacy::Key;
use domain::{Peer, UserId, ids};
use store::notify::Scope;
use store::users::User;
use store::{StoreError, Tx, contacts, dialogs, histories, privacy, scheduled, users};
use tl_api::types;

use crate::{notify, people, settings};

/// The full profile; `None` when there is no such account.
pub fn full(tx: &mut Tx<'_>, viewer: UserId, id: UserId) -> Result<Option<types::UserFull>, StoreError> {
    let peer = Peer::User(id);
    let row = match users::find(tx, id)? {
        users::Account::Living(row) => row,
        users::Account::Deleted => return what_is_left(tx, viewer, peer).map(Some),
        users::Account::None => return Ok(None),
    };
    let about = !row.profile.about.is_empty() && people::allows(tx, id, viewer, Key::About)?;
    let linked = people::allows(tx, id, viewer, Key::Forwards)?;
    let name = format!("{} {}", row.profile.first_name, row.profile.last_name);
    let note = contacts::by_user(tx, viewer, id)?.map(|contact| contact.entry.note);
    let service = id == ids::SERVICE_USER;
    Ok(Some(types::UserFull {
        id: id.0,
        blocked: privacy::is_blocked(tx, viewer, peer)?,
        phone_calls_private: !service && !people::allows(tx, id, viewer, Key::PhoneCall)?,
        voice_messages_forbidden: !service && !people::allows(tx, id, viewer, Key::VoiceMessages)?,
        read_dates_private: people::hides_read_dates(tx, id, viewer)?,
        can_pin_message: true,
        about: about.then(|| row.profile.about.clone()),
        settings: settings::of_peer(tx, viewer, peer)?,
        notify_settings: notify::settings(tx, viewer, Scope::Peer(peer))?,
        contact_require_premium: refuses(tx, viewer, &row)?,
        birthday: birthday(tx, viewer, &row)?,
        pinned_msg_id: histories::pinned(tx, viewer, peer, 1)?.first().copied(),
        ttl_period: dialogs::get(tx, viewer, peer)?.and_then(|dialog| dialog.ttl_period),
        has_scheduled: scheduled::count(tx, viewer, peer)? > 0,
        private_forward_name: (!linked).then(|| name.trim_end().to_owned()),
        note: note
            .filter(|note| !note.is_empty())
            .map(|text| types::TextWithEntities { text, ..Default::default() }),
        ..Default::default()
    }))
}

/// Of a deleted account: what the viewer's own side of the dialog has.
fn what_is_left(tx: &mut Tx<'_>, viewer: UserId, peer: Peer) -> Result<types::UserFull, StoreError> {
    Ok(types::UserFull {
        id: peer.user().map_or(0, |id| id.0),
        blocked: privacy::is_blocked(tx, viewer, peer)?,
        phone_calls_private: true,
        voice_messages_forbidden: true,
        settings: settings::of_peer(tx, viewer, peer)?,
        notify_settings: notify::settings(tx, viewer, Scope::Peer(peer))?,
        pinned_msg_id: histories::pinned(tx, viewer, peer, 1)?.first().copied(),
        ttl_period: dialogs::get(tx, viewer, peer)?.and_then(|dialog| dialog.ttl_period),
        has_scheduled: scheduled::count(tx, viewer, peer)? > 0,
        ..Default::default()
    })
}

/// Whether a stranger like `viewer` cannot write to a user. The client still finds out for itself whether the
/// user wrote first.
fn refuses(tx: &mut Tx<'_>, viewer: UserId, user: &User) -> Result<bool, StoreError> {
    Ok(user.flags & User::NO_STRANGERS != 0
        && viewer != user.id
        && !contacts::is_contact(tx, user.id, viewer)?)
}

/// When a user has their birthday, as far as they let `viewer` know.
pub fn birthday(tx: &mut Tx<'_>, viewer: UserId, user: &User) -> Result<Option<types::Birthday>, StoreError> {
    let Some(birthday) = user.profile.birthday else { return Ok(None) };
    let shown = people::allows(tx, user.id, viewer, Key::Birthday)?;
    Ok(shown.then_some(types::Birthday { day: birthday.day, month: birthday.month, year: birthday.year }))
}
