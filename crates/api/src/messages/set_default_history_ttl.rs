//! `messages.setDefaultHistoryTTL`

use domain::Error;
use rpc::Cx;
use service::messages::timer;
use tl_api::functions;

/// The auto-delete timer that the caller's new dialogs start with; 0 for none.
///
/// Errors: `TTL_PERIOD_INVALID`.
pub async fn handler(cx: Cx, request: functions::messages::SetDefaultHistoryTtl) -> Result<bool, Error> {
    timer::set_default(cx.service(), cx.me()?, request.period).await?;
    Ok(true)
}
