//! `help.getAppUpdate`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions};

/// This server publishes no apps.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::help::GetAppUpdate,
) -> Result<enums::help::AppUpdate, Error> {
    Ok(enums::help::AppUpdate::NoAppUpdate)
}
