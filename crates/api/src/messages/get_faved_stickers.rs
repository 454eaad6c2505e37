//! `messages.getFavedStickers`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// There are no stickers that could be favourites.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetFavedStickers,
) -> Result<enums::messages::FavedStickers, Error> {
    Ok(types::messages::FavedStickers::default().into())
}
