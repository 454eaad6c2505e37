//! `auth.sendCode`

use domain::Error;
use rpc::Cx;
use service::accounts::send_code::{self, SendCode};
use tl_api::{enums, functions};

use super::sent_code;

/// Sends a sign-in code to a phone number.
///
/// Errors: `PHONE_NUMBER_INVALID`, `FLOOD_WAIT_x`, `SEND_CODE_UNAVAILABLE`.
pub async fn handler(cx: Cx, request: functions::auth::SendCode) -> Result<enums::auth::SentCode, Error> {
    let command =
        SendCode { phone: request.phone_number, auth_key_id: cx.auth_key_id(), address: cx.caller().address };
    let sent = send_code::send(cx.service(), command).await?;
    Ok(sent_code::to_tl(&sent))
}
