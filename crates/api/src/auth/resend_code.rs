//! `auth.resendCode`

use domain::Error;
use rpc::Cx;
use service::accounts::send_code::{self, SendCode};
use tl_api::{enums, functions};

use super::sent_code;

/// Sends another code under the same hash, by the next way.
///
/// Errors: `PHONE_NUMBER_INVALID`, `PHONE_CODE_EXPIRED`, `SEND_CODE_UNAVAILABLE`, `FLOOD_WAIT_x`.
pub async fn handler(cx: Cx, request: functions::auth::ResendCode) -> Result<enums::auth::SentCode, Error> {
    let command =
        SendCode { phone: request.phone_number, auth_key_id: cx.auth_key_id(), address: cx.caller().address };
    let sent = send_code::resend(cx.service(), command, request.phone_code_hash).await?;
    Ok(sent_code::to_tl(&sent))
}
