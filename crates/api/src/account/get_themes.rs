//! `account.getThemes`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// There are no themes.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::account::GetThemes,
) -> Result<enums::account::Themes, Error> {
    Ok(types::account::Themes::default().into())
}
