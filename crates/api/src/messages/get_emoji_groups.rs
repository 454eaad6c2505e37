//! `messages.getEmojiGroups`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// Emoji are in no groups but the client's own.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetEmojiGroups,
) -> Result<enums::messages::EmojiGroups, Error> {
    Ok(types::messages::EmojiGroups::default().into())
}
