//! `messages.getQuickReplies`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// There are no quick replies.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetQuickReplies,
) -> Result<enums::messages::QuickReplies, Error> {
    Ok(types::messages::QuickReplies::default().into())
}
