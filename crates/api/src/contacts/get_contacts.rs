//! `contacts.getContacts`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions};
use updates::contacts;

use crate::view;

/// The caller's contacts that have accounts.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    request: functions::contacts::GetContacts,
) -> Result<enums::contacts::Contacts, Error> {
    let me = cx.me()?;
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| Ok(contacts::list(tx, me, request.hash, &presence)?)).await
}
