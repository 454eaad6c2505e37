//! `users.getUsers`

use domain::{Error, Fault, limits};
use rpc::Cx;
use rpc::convert::from_tl;
use tl_api::{enums, functions, types};
use updates::people;

use crate::view;

/// People by id and access hash, in the order asked for; `userEmpty` for those whom the caller has not met.
///
/// Errors: `INPUT_REQUEST_TOO_LONG`.
pub async fn handler(cx: Cx, request: functions::users::GetUsers) -> Result<Vec<enums::User>, Error> {
    let me = cx.me()?;
    if request.id.len() > limits::USERS_BATCH {
        return Err(Fault::request_too_long().into());
    }
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| {
        let mut users = Vec::with_capacity(request.id.len());
        for input in &request.id {
            users.push(match (from_tl::met(tx, me, input)?, input) {
                (Some(id), _) => people::user(tx, me, id, &presence)?,
                (None, enums::InputUser::InputUser(user)) => types::UserEmpty { id: user.user_id }.into(),
                (None, _) => types::UserEmpty { id: 0 }.into(),
            });
        }
        Ok(users)
    })
    .await
}
