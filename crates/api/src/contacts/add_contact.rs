//! `contacts.addContact`

use domain::{Error, Fault};
use rpc::Cx;
use service::contacts::add::{self, Add};
use tl_api::{functions, types};

use crate::view;

/// Saves somebody under the caller's own name for them. The contact comes first among the users.
///
/// Errors: `CONTACT_ID_INVALID`, `CONTACT_NAME_EMPTY`, `FLOOD_WAIT_x`.
pub async fn handler(cx: Cx, request: functions::contacts::AddContact) -> Result<types::Updates, Error> {
    let user = view::input_user(&cx, request.id)?.ok_or_else(Fault::contact_id_invalid)?;
    let command = Add {
        owner: cx.me()?,
        user,
        first_name: request.first_name,
        last_name: request.last_name,
        phone: request.phone,
        note: request.note.map(|note| note.text),
        share_phone: request.add_phone_privacy_exception,
        origin: cx.origin(),
    };
    let positions = add::add(cx.service(), command).await?;
    let updates = view::own_updates(&cx, positions).await?;
    view::people_first(&cx, updates, vec![user]).await
}
