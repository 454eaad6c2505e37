//! `account.getPassword`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// No account has a password, and none can be set: the ways of making one are told as unknown, which
/// clients understand as "not with this version".
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    _request: functions::account::GetPassword,
) -> Result<types::account::Password, Error> {
    Ok(types::account::Password {
        new_algo: enums::PasswordKdfAlgo::Unknown,
        new_secure_algo: enums::SecurePasswordKdfAlgo::Unknown,
        // Clients mix it into their own randomness.
        secure_random: cx.service().random.bytes::<256>().to_vec(),
        ..Default::default()
    })
}
