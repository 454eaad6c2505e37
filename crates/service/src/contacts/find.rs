//! Finding people: by username, by number, by name.

use std::collections::BTreeSet;

use domain::flood::{RESOLVE_PHONE, RESOLVE_USERNAME};
use domain::phone::Phone;
use domain::privacy::Key;
use domain::username::{self, Username};
use domain::words::Query;
use domain::{Error, Fault, UserId, limits, words};
use store::users::Profile;
use store::{StoreError, Tx, contacts, dialogs, users};
use updates::people;

use crate::Service;
use crate::accounts::flood;
use crate::search::budget;

/// The account of a username, with or without `@`; case does not matter.
///
/// Errors: `USERNAME_INVALID`, `USERNAME_NOT_OCCUPIED`, `FLOOD_WAIT_x`.
pub async fn username(service: &Service, seeker: UserId, username: &str) -> Result<UserId, Error> {
    let folded = username::fold(username);
    Username::parse(&folded)?;
    service
        .store
        .write(move |tx| {
            flood::take(tx, &RESOLVE_USERNAME, &seeker.0.to_string(), 1)??;
            let found = users::by_username(tx, &folded)?;
            // The try is counted whether it finds somebody or not.
            Ok::<_, Error>(found.ok_or_else(Fault::username_not_occupied))
        })
        .await?
        .map_err(Error::from)
}

/// The account of a number, if it wants to be found by it.
///
/// Errors: `PHONE_NOT_OCCUPIED`, `FLOOD_WAIT_x`.
pub async fn phone(service: &Service, seeker: UserId, phone: &str) -> Result<UserId, Error> {
    let phone = Phone::parse(phone).map_err(|_| Fault::phone_not_occupied())?;
    service
        .store
        .write(move |tx| {
            flood::take(tx, &RESOLVE_PHONE, &seeker.0.to_string(), 1)??;
            Ok::<_, Error>(by_phone(tx, seeker, phone.digits())?.ok_or_else(Fault::phone_not_occupied))
        })
        .await?
        .map_err(Error::from)
}

/// The account of a number for somebody who knows it. Whoever has them as a contact already, number and all,
/// learns nothing new.
pub fn by_phone(tx: &mut Tx<'_>, seeker: UserId, digits: &str) -> Result<Option<UserId>, Error> {
    let Some(user) = users::by_phone(tx, digits)? else { return Ok(None) };
    let saved = contacts::by_user(tx, seeker, user)?.is_some_and(|contact| contact.entry.phone == digits);
    let found = user == seeker || saved || people::allows(tx, user, seeker, Key::AddedByPhone)?;
    Ok(found.then_some(user))
}

/// People whose names fit what somebody typed.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Contacts, and people whom the seeker has a dialog with.
    pub known: Vec<UserId>,
    /// Somebody else, by their whole username.
    pub others: Vec<UserId>,
}

/// Errors: `SEARCH_QUERY_EMPTY`, `FLOOD_WAIT_x`.
pub async fn search(service: &Service, seeker: UserId, text: &str, limit: usize) -> Result<Found, Error> {
    let text = text.trim().trim_start_matches('@').to_owned();
    if text.is_empty() {
        return Err(Fault::search_query_empty().into());
    }
    let limit = limit.min(limits::CONTACTS_SEARCH);
    budget::take(service, seeker).await?;
    service
        .store
        .read(move |tx| {
            let query = words::query(&text);
            let mut found = Found { known: known(tx, seeker, &query, limit)?, others: Vec::new() };
            let named = match Username::parse(&text) {
                Ok(username) => users::by_username(tx, &username.folded())?,
                Err(_) => None,
            };
            found.others.extend(named.filter(|user| *user != seeker && !found.known.contains(user)));
            Ok(found)
        })
        .await
}

/// Of everybody whom the seeker knows, those whose names fit, up to `limit`: contacts by the names that they
/// were saved under, then people from dialogs.
fn known(tx: &mut Tx<'_>, seeker: UserId, query: &Query, limit: usize) -> Result<Vec<UserId>, Error> {
    let mut found = Vec::new();
    let mut contacts_seen = BTreeSet::new();
    for contact in contacts::list(tx, seeker)? {
        if found.len() >= limit {
            return Ok(found);
        }
        let Some(user) = contact.user else { continue };
        contacts_seen.insert(user);
        let entry = contact.entry;
        let saved = format!("{} {}", entry.first_name, entry.last_name);
        if fits(tx, user, query, |profile| format!("{saved} {}", profile.username))? {
            found.push(user);
        }
    }
    let dialogs_max = i64::try_from(limits::CONTACTS_SEARCH_DIALOGS).unwrap_or(i64::MAX);
    for peer in dialogs::peers(tx, seeker, dialogs_max)? {
        if found.len() >= limit {
            break;
        }
        let Some(user) = peer.user().filter(|user| !contacts_seen.contains(user)) else { continue };
        let names = |of: &Profile| format!("{} {} {}", of.first_name, of.last_name, of.username);
        if fits(tx, user, query, names)? {
            found.push(user);
        }
    }
    Ok(found)
}

fn fits(
    tx: &mut Tx<'_>,
    user: UserId,
    query: &Query,
    names: impl FnOnce(&Profile) -> String,
) -> Result<bool, StoreError> {
    Ok(users::get(tx, user)?.is_some_and(|row| query.matches(&names(&row.profile))))
}
