//! `messages.getRecentReactions`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// Reactions used lately are not kept.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetRecentReactions,
) -> Result<enums::messages::Reactions, Error> {
    Ok(types::messages::Reactions::default().into())
}
