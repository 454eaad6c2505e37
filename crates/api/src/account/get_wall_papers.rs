//! `account.getWallPapers`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// There are no wallpapers.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::account::GetWallPapers,
) -> Result<enums::account::WallPapers, Error> {
    Ok(types::account::WallPapers::default().into())
}
