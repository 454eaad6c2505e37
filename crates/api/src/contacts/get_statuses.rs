//! `contacts.getStatuses`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};
use updates::contacts;

use crate::view;

/// When each contact was seen last, as far as they let the caller know.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    _request: functions::contacts::GetStatuses,
) -> Result<Vec<types::ContactStatus>, Error> {
    let me = cx.me()?;
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| Ok(contacts::statuses(tx, me, &presence)?)).await
}
