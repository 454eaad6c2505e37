//! `contacts.deleteByPhones`

use domain::Error;
use rpc::Cx;
use service::contacts::delete;
use tl_api::functions;

/// Forgets what was saved under numbers.
///
/// Errors: `INPUT_REQUEST_TOO_LONG`.
pub async fn handler(cx: Cx, request: functions::contacts::DeleteByPhones) -> Result<bool, Error> {
    delete::phones(cx.service(), cx.me()?, request.phones, cx.origin()).await?;
    Ok(true)
}
