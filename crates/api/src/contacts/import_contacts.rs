//! `contacts.importContacts`

use domain::Error;
use rpc::Cx;
use service::contacts::import::{self, Line};
use tl_api::{functions, types};
use updates::people::Mentioned;

use crate::view;

/// Saves phone book lines and tells which of the numbers have an account. Notes that come with them are not
/// kept (P3.4a); `contacts.addContact` and `contacts.updateContactNote` take those that the user writes here.
///
/// Errors: `FLOOD_WAIT_x`.
pub async fn handler(
    cx: Cx,
    request: functions::contacts::ImportContacts,
) -> Result<types::contacts::ImportedContacts, Error> {
    let me = cx.me()?;
    let lines = request
        .contacts
        .into_iter()
        .map(|contact| Line {
            client_id: contact.client_id,
            phone: contact.phone,
            first_name: contact.first_name,
            last_name: contact.last_name,
        })
        .collect();
    let imported = import::import(cx.service(), me, lines, cx.origin()).await?;
    let mut mentioned = Mentioned::default();
    for (_, user) in &imported.found {
        mentioned.user(*user);
    }
    let presence = cx.service().presence.clone();
    let users = view::read(&cx, move |tx| Ok(mentioned.just_these(tx, me, &presence)?)).await?;
    let found = imported.found.into_iter();
    Ok(types::contacts::ImportedContacts {
        imported: found
            .map(|(client_id, user)| types::ImportedContact { user_id: user.0, client_id })
            .collect(),
        retry_contacts: imported.retry,
        users,
        ..Default::default()
    })
}
