//! `account.sendVerifyEmailCode`

use domain::{Error, Fault, limits};
use rpc::Cx;
use service::accounts::email::{self, Prove, Whose};
use tl_api::{enums, functions, types};

/// Mails a code that proves an address for sign-in codes: to a newcomer whose number is proven, or to somebody
/// who is signed in, whether they had an address before or not.
///
/// Errors: `EMAIL_INVALID`, `EMAIL_NOT_ALLOWED` where the server sends no mail and for documents, which it does
/// not keep; `PHONE_NUMBER_INVALID`, `PHONE_HASH_EXPIRED`, `AUTH_KEY_UNREGISTERED`, `FLOOD_WAIT_x`.
pub async fn handler(
    cx: Cx,
    request: functions::account::SendVerifyEmailCode,
) -> Result<types::account::SentEmailCode, Error> {
    let command = prove(&cx, request.purpose)?;
    let email_pattern = email::send(cx.service(), command, &request.email).await?;
    let length = i32::try_from(limits::CODE_LENGTH).unwrap_or(5);
    Ok(types::account::SentEmailCode { email_pattern, length })
}

pub(super) fn prove(cx: &Cx, purpose: enums::EmailVerifyPurpose) -> Result<Prove, Fault> {
    let whose = match purpose {
        enums::EmailVerifyPurpose::LoginSetup(setup) => {
            Whose::Newcomer { phone: setup.phone_number, phone_code_hash: setup.phone_code_hash }
        }
        enums::EmailVerifyPurpose::LoginChange => Whose::Account(cx.me()?),
        enums::EmailVerifyPurpose::Passport => return Err(Fault::email_not_allowed()),
    };
    Ok(Prove { whose, auth_key_id: cx.auth_key_id(), address: cx.caller().address })
}
