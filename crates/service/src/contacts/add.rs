//! `contacts.addContact`, `contacts.acceptContact` and `contacts.updateContactNote`.

use std::collections::BTreeSet;

use domain::flood::IMPORT_CONTACTS;
use domain::phone::Phone;
use domain::privacy::Key;
use domain::{Error, Fault, Peer, UserId, names};
use store::contacts::{self, Entry};
use store::{Tx, privacy, users};
use updates::log::{self, Origin, Position};
use updates::{event, people};

use super::changes;
use crate::Service;
use crate::accounts::flood;

pub struct Add {
    pub owner: UserId,
    pub user: UserId,
    pub first_name: String,
    pub last_name: String,
    /// As the caller knows it; empty for none.
    pub phone: String,
    /// `None` leaves what was noted before.
    pub note: Option<String>,
    /// From now on the contact may see the caller's number, whatever the rules say.
    pub share_phone: bool,
    pub origin: Origin,
}

/// Saves somebody under the caller's own name for them.
///
/// Errors: `CONTACT_ID_INVALID`, `CONTACT_NAME_EMPTY`, `FLOOD_WAIT_x`.
pub async fn add(service: &Service, command: Add) -> Result<Vec<Position>, Error> {
    let (first_name, last_name) = names::contact_name(&command.first_name, &command.last_name)?;
    let note = command.note.as_deref().map(names::note);
    service
        .store
        .write(move |tx| {
            let (owner, user, origin) = (command.owner, command.user, command.origin);
            if owner == user || users::get(tx, user)?.is_none() {
                return Err(Fault::contact_id_invalid().into());
            }
            flood::take(tx, &IMPORT_CONTACTS, &owner.0.to_string(), 1)??;
            let before = contacts::by_user(tx, owner, user)?.map(|contact| contact.entry);
            let phone = phone(tx, owner, user, &command.phone, before.as_ref())?;
            let note = note.or_else(|| before.as_ref().map(|entry| entry.note.clone())).unwrap_or_default();
            if before.as_ref().is_some_and(|before| before.phone != phone) {
                contacts::delete(tx, owner, user)?;
            }
            contacts::upsert(tx, owner, Some(user), &Entry { phone, first_name, last_name, note })?;
            if command.share_phone {
                share_phone(tx, owner, user, origin)?;
            }
            changes::tell(tx, owner, &BTreeSet::from([user]), origin)
        })
        .await
}

/// The number under which a contact is kept. One that the caller typed in counts only where an import would
/// have found the person by it: otherwise adding people under guessed numbers would confirm them.
fn phone(
    tx: &mut Tx<'_>,
    owner: UserId,
    user: UserId,
    typed: &str,
    before: Option<&Entry>,
) -> Result<String, Error> {
    if let Ok(phone) = Phone::parse(typed)
        && people::allows(tx, user, owner, Key::AddedByPhone)?
    {
        return Ok(phone.digits().to_owned());
    }
    Ok(before.map(|entry| entry.phone.clone()).unwrap_or_default())
}

/// Lets a contact see the caller's number.
///
/// Errors: `CONTACT_ID_INVALID`, `CONTACT_REQ_MISSING` when they are no contact or see it already.
pub async fn accept(
    service: &Service,
    owner: UserId,
    user: UserId,
    origin: Origin,
) -> Result<Vec<Position>, Error> {
    service
        .store
        .write(move |tx| {
            if owner == user {
                return Err(Fault::contact_id_invalid().into());
            }
            if !contacts::is_contact(tx, owner, user)? || !share_phone(tx, owner, user, origin)? {
                return Err(Fault::contact_req_missing().into());
            }
            changes::tell(tx, owner, &BTreeSet::from([user]), origin)
        })
        .await
}

/// Makes an exception for one user from the rules for the number. `false` when they see it already.
fn share_phone(tx: &mut Tx<'_>, owner: UserId, user: UserId, origin: Origin) -> Result<bool, Error> {
    let key = Key::PhoneNumber;
    if people::allows(tx, owner, user, key)? {
        return Ok(false);
    }
    let rules = people::rules(tx, owner, key)?.with_user(user)?;
    privacy::set_rules(tx, owner, key.code(), &rules.to_bytes())?;
    log::append(tx, owner, event::privacy(key, &rules), origin)?;
    Ok(true)
}

/// Writes something down about a contact, for the owner's eyes alone.
///
/// Errors: `CONTACT_ID_INVALID`.
pub async fn set_note(
    service: &Service,
    owner: UserId,
    user: UserId,
    note: String,
    origin: Origin,
) -> Result<(), Error> {
    let note = names::note(&note);
    service
        .store
        .write(move |tx| {
            let contact = contacts::by_user(tx, owner, user)?.ok_or_else(Fault::contact_id_invalid)?;
            if contact.entry.note != note {
                contacts::upsert(tx, owner, Some(user), &Entry { note, ..contact.entry })?;
                let event = event::peer_settings(tx, owner, Peer::User(user))?;
                log::append(tx, owner, event, origin)?;
            }
            Ok(())
        })
        .await
}
