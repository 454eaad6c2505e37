//! `account.setAccountTTL`

use domain::Error;
use rpc::Cx;
use service::accounts::lifetime;
use tl_api::functions;

/// After how many days without use the account is to be deleted.
///
/// Errors: `TTL_DAYS_INVALID`.
pub async fn handler(cx: Cx, request: functions::account::SetAccountTtl) -> Result<bool, Error> {
    lifetime::set_days(cx.service(), cx.me()?, request.ttl.days).await?;
    Ok(true)
}
