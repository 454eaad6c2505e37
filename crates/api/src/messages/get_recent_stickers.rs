//! `messages.getRecentStickers`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// There are no stickers that could have been sent.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetRecentStickers,
) -> Result<enums::messages::RecentStickers, Error> {
    Ok(types::messages::RecentStickers::default().into())
}
