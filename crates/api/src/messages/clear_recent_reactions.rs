//! `messages.clearRecentReactions`

use domain::Error;
use rpc::Cx;
use service::messages::react;
use tl_api::functions;

/// Forgets which reactions the caller gave last.
///
/// Errors: none.
pub async fn handler(cx: Cx, _request: functions::messages::ClearRecentReactions) -> Result<bool, Error> {
    react::forget_recent(cx.service(), cx.me()?, cx.origin()).await?;
    Ok(true)
}
