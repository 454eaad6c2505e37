//! `account.resetNotifySettings`

use domain::Error;
use rpc::Cx;
use service::notify::update;
use tl_api::functions;

/// Back to the default notifications everywhere.
///
/// Errors: none.
pub async fn handler(cx: Cx, _request: functions::account::ResetNotifySettings) -> Result<bool, Error> {
    update::reset(cx.service(), cx.me()?, cx.origin()).await?;
    Ok(true)
}
