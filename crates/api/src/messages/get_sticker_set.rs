//! `messages.getStickerSet`

use domain::{Error, Fault};
use rpc::Cx;
use tl_api::{enums, functions};

/// There are no sticker sets, under whatever name.
///
/// Errors: `STICKERSET_INVALID`.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetStickerSet,
) -> Result<enums::messages::StickerSet, Error> {
    Err(Fault::stickerset_invalid().into())
}
