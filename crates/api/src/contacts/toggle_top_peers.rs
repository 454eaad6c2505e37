//! `contacts.toggleTopPeers`

use domain::Error;
use rpc::Cx;
use service::contacts::ratings;
use tl_api::functions;

/// Whether the people that the caller writes to most may be rated.
///
/// Errors: none.
pub async fn handler(cx: Cx, request: functions::contacts::ToggleTopPeers) -> Result<bool, Error> {
    ratings::enable(cx.service(), cx.me()?, request.enabled).await?;
    Ok(true)
}
