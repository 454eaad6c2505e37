//! `auth.signIn`

use domain::{Error, Fault};
use rpc::Cx;
use service::accounts::sign_in::{self, Outcome, SignIn};
use tl_api::{enums, functions, types};

use super::authorization;

/// Signs the device in with a code, or says that the number has no account yet.
///
/// A code that came by mail may stand in either field.
///
/// Errors: `EMAIL_TOKEN_INVALID` for what another company vouches for, `PHONE_NUMBER_INVALID`, `PHONE_CODE_HASH_EMPTY`, `PHONE_CODE_EMPTY`, `PHONE_CODE_INVALID`,
/// `PHONE_CODE_EXPIRED`, `FLOOD_WAIT_x`.
pub async fn handler(cx: Cx, request: functions::auth::SignIn) -> Result<enums::auth::Authorization, Error> {
    let code = match request.email_verification {
        Some(enums::EmailVerification::Code(verification)) => Some(verification.code),
        Some(_) => return Err(Fault::email_token_invalid().into()),
        None => request.phone_code,
    };
    let command = SignIn {
        phone: request.phone_number,
        phone_code_hash: request.phone_code_hash,
        code: code.unwrap_or_default(),
        auth_key_id: cx.auth_key_id(),
    };
    match sign_in::sign_in(cx.service(), command).await? {
        Outcome::SignedIn(user) => authorization::to_tl(&cx, user).await,
        Outcome::SignUpRequired => Ok(types::auth::AuthorizationSignUpRequired::default().into()),
    }
}
