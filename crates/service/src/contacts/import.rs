//! `contacts.importContacts`: saving numbers with the names that the user has for them.

use std::collections::BTreeSet;

use domain::flood::IMPORT_CONTACTS;
use domain::phone::Phone;
use domain::{Error, UserId, limits, names};
use store::Tx;
use store::contacts::{self, Entry};
use updates::log::Origin;

use super::{changes, find};
use crate::Service;
use crate::accounts::flood;

/// One line of the user's phone book.
pub struct Line {
    /// The client's own number for the line.
    pub client_id: i64,
    pub phone: String,
    pub first_name: String,
    pub last_name: String,
}

/// What became of the lines.
#[derive(Debug, Default)]
pub struct Imported {
    /// Lines whose number has an account.
    pub found: Vec<(i64, UserId)>,
    /// Lines beyond the limit of one request: to be sent again.
    pub retry: Vec<i64>,
}

/// Saves phone book lines: the number and the names, nothing else (P3.4a). Lines that are no phone number
/// are passed over, as people's phone books hold many; so are the user's own number, and whatever is more
/// than one account may save.
///
/// Errors: `FLOOD_WAIT_x`.
pub async fn import(
    service: &Service,
    owner: UserId,
    lines: Vec<Line>,
    origin: Origin,
) -> Result<Imported, Error> {
    service
        .store
        .write(move |tx| {
            // What is beyond the batch is refused, and comes again.
            let count = lines.len().min(limits::IMPORT_CONTACTS_BATCH);
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            flood::take(tx, &IMPORT_CONTACTS, &owner.0.to_string(), count)??;
            let saved = usize::try_from(contacts::count(tx, owner)?).unwrap_or(usize::MAX);
            let mut room = limits::CONTACTS.saturating_sub(saved);
            let mut imported = Imported::default();
            let mut changed = BTreeSet::new();
            for (index, line) in lines.into_iter().enumerate() {
                if index >= limits::IMPORT_CONTACTS_BATCH {
                    imported.retry.push(line.client_id);
                    continue;
                }
                let client_id = line.client_id;
                let Some(saved) = save(tx, owner, line, &mut room)? else { continue };
                if let Some(user) = saved.user {
                    imported.found.push((client_id, user));
                    changed.extend(saved.is_new.then_some(user));
                }
            }
            changes::tell(tx, owner, &changed, origin)?;
            Ok(imported)
        })
        .await
}

struct Saved {
    user: Option<UserId>,
    /// There is something for the devices to hear of.
    is_new: bool,
}

fn save(tx: &mut Tx<'_>, owner: UserId, line: Line, room: &mut usize) -> Result<Option<Saved>, Error> {
    let Ok(phone) = Phone::parse(&line.phone) else { return Ok(None) };
    let Ok((first_name, last_name)) = names::contact_name(&line.first_name, &line.last_name) else {
        return Ok(None);
    };
    let user = find::by_phone(tx, owner, phone.digits())?;
    if user == Some(owner) {
        return Ok(None);
    }
    let before = contacts::by_phone(tx, owner, phone.digits())?;
    if before.is_none() {
        let Some(left) = room.checked_sub(1) else { return Ok(None) };
        *room = left;
    }
    let note = before.as_ref().map(|before| before.entry.note.clone()).unwrap_or_default();
    let entry = Entry { phone: phone.digits().to_owned(), first_name, last_name, note };
    if before.is_some_and(|before| before.user == user && before.entry == entry) {
        return Ok(Some(Saved { user, is_new: false }));
    }
    if let Some(user) = user {
        // One entry for each person: what was saved under another number, or without one, gives way.
        contacts::delete(tx, owner, user)?;
    }
    contacts::upsert(tx, owner, user, &entry)?;
    Ok(Some(Saved { user, is_new: true }))
}
