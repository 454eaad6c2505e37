//! `contacts.acceptContact`

use domain::{Error, Fault};
use rpc::Cx;
use service::contacts::add;
use tl_api::{functions, types};

use crate::view;

/// Lets a contact see the caller's number.
///
/// Errors: `CONTACT_ID_INVALID`, `CONTACT_REQ_MISSING`.
pub async fn handler(cx: Cx, request: functions::contacts::AcceptContact) -> Result<types::Updates, Error> {
    let user = view::input_user(&cx, request.id)?.ok_or_else(Fault::contact_id_invalid)?;
    let positions = add::accept(cx.service(), cx.me()?, user, cx.origin()).await?;
    let updates = view::own_updates(&cx, positions).await?;
    view::people_first(&cx, updates, vec![user]).await
}
