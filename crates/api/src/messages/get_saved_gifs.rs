//! `messages.getSavedGifs`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// There are no saved animations.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetSavedGifs,
) -> Result<enums::messages::SavedGifs, Error> {
    Ok(types::messages::SavedGifs::default().into())
}
