//! `contacts.deleteContacts`

use domain::Error;
use rpc::Cx;
use rpc::convert::from_tl;
use service::contacts::delete;
use tl_api::{functions, types};

use crate::view;

/// Forgets contacts. They come first among the users.
///
/// Errors: `USER_ID_INVALID`, `INPUT_REQUEST_TOO_LONG`.
pub async fn handler(cx: Cx, request: functions::contacts::DeleteContacts) -> Result<types::Updates, Error> {
    let me = cx.me()?;
    let users = view::read(&cx, move |tx| {
        let users = request.id.iter().map(|user| from_tl::input_user(tx, me, user));
        Ok(users.collect::<Result<Vec<_>, _>>()?)
    })
    .await?;
    let deleted = delete::users(cx.service(), me, users, cx.origin()).await?;
    let updates = view::own_updates(&cx, deleted.positions).await?;
    view::people_first(&cx, updates, deleted.users).await
}
