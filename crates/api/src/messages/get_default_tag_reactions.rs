//! `messages.getDefaultTagReactions`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// No reactions are proposed as tags.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetDefaultTagReactions,
) -> Result<enums::messages::Reactions, Error> {
    Ok(types::messages::Reactions::default().into())
}
