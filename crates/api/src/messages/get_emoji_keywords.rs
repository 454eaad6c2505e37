//! `messages.getEmojiKeywords`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};

/// Keywords for emoji: there are none. The version is above 0, which clients take for "never asked".
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    request: functions::messages::GetEmojiKeywords,
) -> Result<types::EmojiKeywordsDifference, Error> {
    Ok(types::EmojiKeywordsDifference { lang_code: request.lang_code, version: 1, ..Default::default() })
}
