//! `contacts.getSaved`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};
use updates::contacts;

use crate::view;

/// Everything that the caller saved, numbers without an account included. It is their own: no export session
/// is asked for.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    _request: functions::contacts::GetSaved,
) -> Result<Vec<types::SavedPhoneContact>, Error> {
    let me = cx.me()?;
    view::read(&cx, move |tx| Ok(contacts::saved(tx, me)?)).await
}
