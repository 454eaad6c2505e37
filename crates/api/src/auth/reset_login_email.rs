//! `auth.resetLoginEmail`

use domain::Error;
use rpc::Cx;
use service::accounts::send_code::{self, SendCode};
use tl_api::{enums, functions};

use super::sent_code;

/// For whoever lost their mailbox: another code under the same hash, by a way that is not the mail. There is no
/// time to wait for; whoever signs in with it has no sign-in address any more.
///
/// Errors: `PHONE_NUMBER_INVALID`, `PHONE_CODE_EXPIRED`, `EMAIL_INSTALL_MISSING`, `FLOOD_WAIT_x`.
pub async fn handler(
    cx: Cx,
    request: functions::auth::ResetLoginEmail,
) -> Result<enums::auth::SentCode, Error> {
    let command =
        SendCode { phone: request.phone_number, auth_key_id: cx.auth_key_id(), address: cx.caller().address };
    let sent = send_code::reset_email(cx.service(), command, request.phone_code_hash).await?;
    Ok(sent_code::to_tl(&sent))
}
