//! `account.verifyEmail`

use domain::{Error, Fault};
use rpc::Cx;
use service::accounts::email::{self, Proven};
use tl_api::{enums, functions, types};

use super::send_verify_email_code::prove;
use crate::auth::sent_code;

/// Takes the code that proves an address. A newcomer is sent a sign-in code there at once.
///
/// Errors: `CODE_INVALID`, `EMAIL_VERIFY_EXPIRED`, `EMAIL_NOT_ALLOWED` for what another company vouches for and
/// for documents, `PHONE_NUMBER_INVALID`, `PHONE_HASH_EXPIRED`, `AUTH_KEY_UNREGISTERED`, `FLOOD_WAIT_x`.
pub async fn handler(
    cx: Cx,
    request: functions::account::VerifyEmail,
) -> Result<enums::account::EmailVerified, Error> {
    let command = prove(&cx, request.purpose)?;
    let enums::EmailVerification::Code(verification) = request.verification else {
        return Err(Fault::email_not_allowed().into());
    };
    Ok(match email::verify(cx.service(), command, verification.code).await? {
        Proven::Account(email) => types::account::EmailVerified { email: email.as_str().to_owned() }.into(),
        Proven::Newcomer(email, sent) => types::account::EmailVerifiedLogin {
            email: email.as_str().to_owned(),
            sent_code: sent_code::to_tl(&sent),
        }
        .into(),
    })
}
