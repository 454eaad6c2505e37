//! `messages.getFeaturedEmojiStickers`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// No sets of custom emoji are featured.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetFeaturedEmojiStickers,
) -> Result<enums::messages::FeaturedStickers, Error> {
    Ok(types::messages::FeaturedStickers::default().into())
}
