//! `account.updateProfile`

use domain::Error;
use rpc::Cx;
use service::profile::update::{self, Update};
use tl_api::{enums, functions};

use crate::view;

/// Changes names, or what the user says of themself.
///
/// Errors: `FIRSTNAME_INVALID`, `ABOUT_TOO_LONG`, `FLOOD_WAIT_x`.
pub async fn handler(cx: Cx, request: functions::account::UpdateProfile) -> Result<enums::User, Error> {
    let me = cx.me()?;
    let command = Update {
        user: me,
        first_name: request.first_name,
        last_name: request.last_name,
        about: request.about,
        origin: cx.origin(),
    };
    update::update(cx.service(), command).await?;
    view::user(&cx, me, me).await
}
