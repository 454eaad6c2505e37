//! `auth.cancelCode`

use domain::Error;
use rpc::Cx;
use service::accounts::send_code;
use tl_api::functions;

/// Makes a code that was sent worthless.
///
/// Errors: `PHONE_NUMBER_INVALID`, `PHONE_CODE_EXPIRED`.
pub async fn handler(cx: Cx, request: functions::auth::CancelCode) -> Result<bool, Error> {
    let key = cx.auth_key_id();
    send_code::cancel(cx.service(), &request.phone_number, request.phone_code_hash, key).await?;
    Ok(true)
}
