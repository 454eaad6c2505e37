//! `messages.getRecentReactions`

use domain::Error;
use rpc::Cx;
use service::messages::react;
use tl_api::{enums, functions};

use super::get_top_reactions::listed;

/// The reactions that the caller gave last.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetRecentReactions,
) -> Result<enums::messages::Reactions, Error> {
    let recent = react::recent(cx.service(), cx.me()?).await?;
    Ok(listed(recent, request.limit, request.hash))
}
