//! `messages.getEmojiKeywordsDifference`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};

/// Newer keywords for emoji: there are none.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    request: functions::messages::GetEmojiKeywordsDifference,
) -> Result<types::EmojiKeywordsDifference, Error> {
    Ok(types::EmojiKeywordsDifference {
        lang_code: request.lang_code,
        from_version: request.from_version,
        version: request.from_version.max(1),
        ..Default::default()
    })
}
