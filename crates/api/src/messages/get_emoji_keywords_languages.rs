//! `messages.getEmojiKeywordsLanguages`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};

/// No language has keywords for emoji here.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetEmojiKeywordsLanguages,
) -> Result<Vec<types::EmojiLanguage>, Error> {
    Ok(Vec::new())
}
