//! `account.getPassword`

use domain::Error;
use rpc::Cx;
use service::accounts::email;
use tl_api::{enums, functions, types};

/// No account has a password, and none can be set: the ways of making one are told as unknown, which
/// clients understand as "not with this version".
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    _request: functions::account::GetPassword,
) -> Result<types::account::Password, Error> {
    let login_email_pattern = email::pattern(cx.service(), cx.me()?).await?;
    Ok(types::account::Password {
        login_email_pattern,
        new_algo: enums::PasswordKdfAlgo::Unknown,
        new_secure_algo: enums::SecurePasswordKdfAlgo::Unknown,
        // Clients mix it into their own randomness.
        secure_random: cx.service().random.bytes::<256>().to_vec(),
        ..Default::default()
    })
}
