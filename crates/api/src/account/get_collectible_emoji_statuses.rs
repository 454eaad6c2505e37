//! `account.getCollectibleEmojiStatuses`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// There are no collectible emoji statuses.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::account::GetCollectibleEmojiStatuses,
) -> Result<enums::account::EmojiStatuses, Error> {
    Ok(types::account::EmojiStatuses::default().into())
}
