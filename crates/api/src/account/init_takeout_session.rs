//! `account.initTakeoutSession`

use domain::Error;
use rpc::Cx;
use service::accounts::takeout;
use tl_api::{functions, types};

/// Begins to take everything out; the id goes with the calls that follow (`invokeWithTakeout`).
///
/// Errors: `TAKEOUT_INIT_DELAY_x`.
pub async fn handler(
    cx: Cx,
    _request: functions::account::InitTakeoutSession,
) -> Result<types::account::Takeout, Error> {
    let id = takeout::begin(cx.service(), cx.me()?).await?;
    Ok(types::account::Takeout { id })
}
