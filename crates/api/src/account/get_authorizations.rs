//! `account.getAuthorizations`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};
use updates::devices;

use crate::view;

/// The devices that the caller is signed in with.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    _request: functions::account::GetAuthorizations,
) -> Result<types::account::Authorizations, Error> {
    let (me, key) = (cx.me()?, cx.auth_key_id());
    view::read(&cx, move |tx| Ok(devices::list(tx, me, key)?)).await
}
