//! `messages.getTopReactions`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// Reactions are not counted, so none is on top.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetTopReactions,
) -> Result<enums::messages::Reactions, Error> {
    Ok(types::messages::Reactions::default().into())
}
