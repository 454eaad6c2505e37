//! `account.setContactSignUpNotification`

use domain::Error;
use rpc::Cx;
use service::contacts::joins;
use tl_api::functions;

/// Whether to hear of contacts who join.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    request: functions::account::SetContactSignUpNotification,
) -> Result<bool, Error> {
    joins::silence(cx.service(), cx.me()?, request.silent).await?;
    Ok(true)
}
