//! `messages.clearAllDrafts`

use domain::Error;
use rpc::Cx;
use service::messages::drafts;
use tl_api::functions;

/// Forgets every draft of the caller's.
///
/// Errors: none.
pub async fn handler(cx: Cx, _request: functions::messages::ClearAllDrafts) -> Result<bool, Error> {
    drafts::clear_all(cx.service(), cx.me()?, cx.origin()).await?;
    Ok(true)
}
