//! `account.getWebAuthorizations`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};

/// No web sites are signed in to.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::account::GetWebAuthorizations,
) -> Result<types::account::WebAuthorizations, Error> {
    Ok(types::account::WebAuthorizations::default())
}
