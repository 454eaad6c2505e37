//! `messages.getEmojiStatusGroups`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// Emoji statuses are in no groups.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetEmojiStatusGroups,
) -> Result<enums::messages::EmojiGroups, Error> {
    Ok(types::messages::EmojiGroups::default().into())
}
