//! `contacts.resetSaved`

use domain::Error;
use rpc::Cx;
use service::contacts::delete;
use tl_api::functions;

/// Forgets every saved number that has no account.
///
/// Errors: none.
pub async fn handler(cx: Cx, _request: functions::contacts::ResetSaved) -> Result<bool, Error> {
    delete::waiting(cx.service(), cx.me()?).await?;
    Ok(true)
}
