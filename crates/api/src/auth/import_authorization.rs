//! `auth.importAuthorization`

use domain::Error;
use rpc::Cx;
use service::accounts::carry;
use tl_api::{enums, functions};

use super::authorization;

/// Signs this key in with what another key of the same device exported.
///
/// Errors: `AUTH_BYTES_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::auth::ImportAuthorization,
) -> Result<enums::auth::Authorization, Error> {
    let user = carry::import(cx.service(), cx.auth_key_id(), request.id, request.bytes).await?;
    authorization::to_tl(&cx, user).await
}
