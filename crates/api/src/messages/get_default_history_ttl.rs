//! `messages.getDefaultHistoryTTL`

use domain::Error;
use rpc::Cx;
use service::messages::timer;
use tl_api::{functions, types};

/// The auto-delete timer that the caller's new dialogs start with; 0 for none.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    _request: functions::messages::GetDefaultHistoryTtl,
) -> Result<types::DefaultHistoryTtl, Error> {
    let period = timer::default_period(cx.service(), cx.me()?).await?;
    Ok(types::DefaultHistoryTtl { period })
}
