//! `messages.getArchivedStickers`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};

/// There are no archived sticker sets.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetArchivedStickers,
) -> Result<types::messages::ArchivedStickers, Error> {
    Ok(types::messages::ArchivedStickers::default())
}
