//! `users.getFullUser`

use domain::{Error, Fault};
use rpc::Cx;
use rpc::convert::from_tl;
use tl_api::{functions, types};
use updates::people::Mentioned;
use updates::profile;

use crate::view;

/// Everything that the caller may know of somebody.
///
/// Errors: `USER_ID_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::users::GetFullUser,
) -> Result<types::users::UserFull, Error> {
    let me = cx.me()?;
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| {
        let id = from_tl::met(tx, me, &request.id)?.ok_or_else(Fault::user_id_invalid)?;
        let full_user = profile::full(tx, me, id)?.ok_or_else(Fault::user_id_invalid)?;
        let mut mentioned = Mentioned::default();
        mentioned.user(id);
        let users = mentioned.users(tx, me, &presence)?;
        Ok(types::users::UserFull { full_user, users, ..Default::default() })
    })
    .await
}
