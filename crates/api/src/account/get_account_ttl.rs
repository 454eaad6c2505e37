//! `account.getAccountTTL`

use domain::Error;
use rpc::Cx;
use service::accounts::lifetime;
use tl_api::{functions, types};

/// After how many days without use the account is deleted.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    _request: functions::account::GetAccountTtl,
) -> Result<types::AccountDaysTtl, Error> {
    let days = lifetime::days(cx.service(), cx.me()?).await?;
    Ok(types::AccountDaysTtl { days })
}
