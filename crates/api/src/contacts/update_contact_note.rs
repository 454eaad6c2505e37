//! `contacts.updateContactNote`

use domain::{Error, Fault};
use rpc::Cx;
use service::contacts::add;
use tl_api::functions;

use crate::view;

/// Writes something down about a contact, for the caller's eyes alone. Only the text is kept.
///
/// Errors: `CONTACT_ID_INVALID`.
pub async fn handler(cx: Cx, request: functions::contacts::UpdateContactNote) -> Result<bool, Error> {
    let user = view::input_user(&cx, request.id)?.ok_or_else(Fault::contact_id_invalid)?;
    add::set_note(cx.service(), cx.me()?, user, request.note.text, cx.origin()).await?;
    Ok(true)
}
