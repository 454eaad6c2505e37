//! `account.getContactSignUpNotification`

use domain::Error;
use rpc::Cx;
use service::contacts::joins;
use tl_api::functions;

/// Whether the caller does *not* want to hear of contacts who join: clients read the answer so.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    _request: functions::account::GetContactSignUpNotification,
) -> Result<bool, Error> {
    joins::is_silent(cx.service(), cx.me()?).await
}
