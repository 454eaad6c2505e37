//! `account.updateBirthday`

use domain::Error;
use rpc::Cx;
use service::profile::update::{self, Birthday};
use tl_api::functions;

/// Sets the caller's birthday, or takes it away.
///
/// Errors: `BIRTHDAY_INVALID`, `FLOOD_WAIT_x`.
pub async fn handler(cx: Cx, request: functions::account::UpdateBirthday) -> Result<bool, Error> {
    let birthday =
        request.birthday.map(|date| Birthday { day: date.day, month: date.month, year: date.year });
    update::birthday(cx.service(), cx.me()?, birthday, cx.origin()).await?;
    Ok(true)
}
