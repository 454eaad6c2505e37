//! `account.getSavedRingtones`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// There are no uploaded notification sounds.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::account::GetSavedRingtones,
) -> Result<enums::account::SavedRingtones, Error> {
    Ok(types::account::SavedRingtones::default().into())
}
