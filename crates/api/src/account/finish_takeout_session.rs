//! `account.finishTakeoutSession`

use domain::Error;
use rpc::Cx;
use service::accounts::takeout;
use tl_api::functions;

/// Ends a takeout, whether it worked or not.
///
/// Errors: `TAKEOUT_REQUIRED`.
pub async fn handler(cx: Cx, _request: functions::account::FinishTakeoutSession) -> Result<bool, Error> {
    takeout::end(cx.service(), cx.me()?).await?;
    Ok(true)
}
