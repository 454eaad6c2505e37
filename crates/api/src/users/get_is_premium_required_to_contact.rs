//! `users.getIsPremiumRequiredToContact`

use domain::{Error, Fault, limits};
use rpc::Cx;
use rpc::convert::from_tl;
use service::privacy::global;
use tl_api::{enums, functions};

use crate::view;

/// Which of the people take no messages from the caller, in the order asked for. The older form of
/// `users.getRequirementsToContact`.
///
/// Errors: `USER_ID_INVALID`, `INPUT_REQUEST_TOO_LONG`.
pub async fn handler(
    cx: Cx,
    request: functions::users::GetIsPremiumRequiredToContact,
) -> Result<Vec<bool>, Error> {
    refuse(&cx, request.id).await
}

pub(super) async fn refuse(cx: &Cx, ids: Vec<enums::InputUser>) -> Result<Vec<bool>, Error> {
    let me = cx.me()?;
    if ids.len() > limits::USERS_BATCH {
        return Err(Fault::request_too_long().into());
    }
    view::read(cx, move |tx| {
        let mut refuse = Vec::with_capacity(ids.len());
        for id in &ids {
            let user = from_tl::met(tx, me, id)?.ok_or_else(Fault::user_id_invalid)?;
            refuse.push(global::refuses(tx, me, user)?);
        }
        Ok(refuse)
    })
    .await
}
