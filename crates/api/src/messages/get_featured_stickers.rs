//! `messages.getFeaturedStickers`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// No sticker sets are featured.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetFeaturedStickers,
) -> Result<enums::messages::FeaturedStickers, Error> {
    Ok(types::messages::FeaturedStickers::default().into())
}
