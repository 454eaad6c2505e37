//! `contacts.getBirthdays`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};
use updates::contacts;

use crate::view;

/// Contacts who have their birthday yesterday, today or tomorrow, and let the caller know of it.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    _request: functions::contacts::GetBirthdays,
) -> Result<types::contacts::ContactBirthdays, Error> {
    let me = cx.me()?;
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| Ok(contacts::birthdays(tx, me, &presence)?)).await
}
