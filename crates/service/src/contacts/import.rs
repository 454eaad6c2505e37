//! `contacts.importContacts`: saving numbers with the names that the user has for them.

use domain::flood::IMPORT_CONTACTS;
use domain::phone::Phone;
use domain::{Error, UserId, limits, names};
use store::contacts::{self, Entry};
use store::{Tx, users};

use crate::Service;
use crate::accounts::flood;

/// One line of the user's phone book.
pub struct Line {
    /// The client's own number for the line.
    pub client_id: i64,
    pub phone: String,
    pub first_name: String,
    pub last_name: String,
    pub note: String,
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
/// are passed over, as people's phone books hold many.
///
/// Errors: `FLOOD_WAIT_x`.
pub async fn import(service: &Service, owner: UserId, lines: Vec<Line>) -> Result<Imported, Error> {
    service
        .store
        .write(move |tx| {
            let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
            flood::take(tx, &IMPORT_CONTACTS, &owner.0.to_string(), count)??;
            let mut imported = Imported::default();
            for (index, line) in lines.into_iter().enumerate() {
                if index >= limits::IMPORT_CONTACTS_BATCH {
                    imported.retry.push(line.client_id);
                    continue;
                }
                let client_id = line.client_id;
                if let Some(user) = save(tx, owner, line)? {
                    imported.found.push((client_id, user));
                }
            }
            Ok(imported)
        })
        .await
}

fn save(tx: &mut Tx<'_>, owner: UserId, line: Line) -> Result<Option<UserId>, Error> {
    let Ok(phone) = Phone::parse(&line.phone) else { return Ok(None) };
    let Ok((first_name, last_name)) = names::contact_name(&line.first_name, &line.last_name) else {
        return Ok(None);
    };
    let user = users::by_phone(tx, phone.digits())?;
    let entry = Entry { phone: phone.digits().to_owned(), first_name, last_name, note: line.note };
    contacts::upsert(tx, owner, user, &entry)?;
    Ok(user.filter(|user| *user != owner))
}
