//! `messages.getAllStickers`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// There are no sticker sets.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetAllStickers,
) -> Result<enums::messages::AllStickers, Error> {
    Ok(types::messages::AllStickers::default().into())
}
