//! `auth.signUp`

use domain::Error;
use rpc::Cx;
use service::accounts::sign_up::{self, SignUp};
use tl_api::{enums, functions};

use super::authorization;

/// Makes an account for a number whose code was right, and signs the device in.
///
/// Errors: `PHONE_NUMBER_INVALID`, `PHONE_CODE_EXPIRED`, `PHONE_NUMBER_OCCUPIED`, `FIRSTNAME_INVALID`,
/// `FLOOD_WAIT_x`.
pub async fn handler(cx: Cx, request: functions::auth::SignUp) -> Result<enums::auth::Authorization, Error> {
    let command = SignUp {
        phone: request.phone_number,
        phone_code_hash: request.phone_code_hash,
        first_name: request.first_name,
        last_name: request.last_name,
        auth_key_id: cx.auth_key_id(),
        silent: request.no_joined_notifications,
    };
    let user = sign_up::sign_up(cx.service(), command).await?;
    authorization::to_tl(&cx, user).await
}
