//! `account.setAuthorizationTTL`

use domain::Error;
use rpc::Cx;
use service::accounts::devices;
use tl_api::functions;

/// After how many days without use a device is signed out.
///
/// Errors: `TTL_DAYS_INVALID`.
pub async fn handler(cx: Cx, request: functions::account::SetAuthorizationTtl) -> Result<bool, Error> {
    devices::set_period(cx.service(), cx.me()?, request.authorization_ttl_days).await?;
    Ok(true)
}
