//! `messages.getMaskStickers`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// There are no sets of masks.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetMaskStickers,
) -> Result<enums::messages::AllStickers, Error> {
    Ok(types::messages::AllStickers::default().into())
}
