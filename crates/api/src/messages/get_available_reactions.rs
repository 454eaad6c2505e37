//! `messages.getAvailableReactions`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// Reactions with pictures of their own: there are none, reactions are plain emoji.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetAvailableReactions,
) -> Result<enums::messages::AvailableReactions, Error> {
    Ok(types::messages::AvailableReactions::default().into())
}
