//! `account.getContentSettings`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};

/// No content is marked as sensitive here, so there is nothing to switch.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::account::GetContentSettings,
) -> Result<types::account::ContentSettings, Error> {
    Ok(types::account::ContentSettings::default())
}
