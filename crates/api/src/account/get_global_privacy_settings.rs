//! `account.getGlobalPrivacySettings`

use domain::Error;
use rpc::Cx;
use service::privacy::global;
use tl_api::{functions, types};

use super::global_privacy;

/// What holds for all chats.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    _request: functions::account::GetGlobalPrivacySettings,
) -> Result<types::GlobalPrivacySettings, Error> {
    Ok(global_privacy::to_tl(global::of(cx.service(), cx.me()?).await?))
}
