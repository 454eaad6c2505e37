//! `contacts.deleteContacts`, `contacts.deleteByPhones` and `contacts.resetSaved`: forgetting whom the user
//! knew (P3.4d).

use std::collections::BTreeSet;

use domain::phone::Phone;
use domain::{Error, Fault, UserId, limits};
use store::contacts;
use updates::log::{Origin, Position};

use super::changes;
use crate::Service;

/// People who are contacts no more, and the events that tell the owner's devices.
#[derive(Clone, Debug, Default)]
pub struct Deleted {
    pub users: Vec<UserId>,
    pub positions: Vec<Position>,
}

/// Forgets contacts, their numbers and notes included. Those that are none are passed over.
///
/// Errors: `INPUT_REQUEST_TOO_LONG`.
pub async fn users(
    service: &Service,
    owner: UserId,
    users: Vec<UserId>,
    origin: Origin,
) -> Result<Deleted, Error> {
    if users.len() > limits::IMPORT_CONTACTS_BATCH {
        return Err(Fault::request_too_long().into());
    }
    service
        .store
        .write(move |tx| {
            let mut gone = BTreeSet::new();
            for user in users {
                if contacts::delete(tx, owner, user)? {
                    gone.insert(user);
                }
            }
            let positions = changes::tell(tx, owner, &gone, origin)?;
            Ok(Deleted { users: gone.into_iter().collect(), positions })
        })
        .await
}

/// Forgets what was saved under numbers, whether they have an account or not.
///
/// Errors: `INPUT_REQUEST_TOO_LONG`.
pub async fn phones(
    service: &Service,
    owner: UserId,
    phones: Vec<String>,
    origin: Origin,
) -> Result<(), Error> {
    if phones.len() > limits::IMPORT_CONTACTS_BATCH {
        return Err(Fault::request_too_long().into());
    }
    service
        .store
        .write(move |tx| {
            let mut gone = BTreeSet::new();
            for phone in phones.iter().filter_map(|phone| Phone::parse(phone).ok()) {
                let user = contacts::by_phone(tx, owner, phone.digits())?.and_then(|contact| contact.user);
                contacts::delete_phone(tx, owner, phone.digits())?;
                gone.extend(user);
            }
            changes::tell(tx, owner, &gone, origin)?;
            Ok(())
        })
        .await
}

/// Forgets every saved number that has no account.
///
/// Errors: none of its own.
pub async fn waiting(service: &Service, owner: UserId) -> Result<(), Error> {
    service.store.write(move |tx| Ok(contacts::delete_waiting(tx, owner)?)).await
}
