//! `messages.deleteMessages`

use domain::Error;
use rpc::Cx;
use service::messages::delete;
use tl_api::{functions, types};

use crate::view;

/// Deletes messages of any private chat, with `revoke` for both sides.
///
/// Errors: `INPUT_REQUEST_TOO_LONG`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::DeleteMessages,
) -> Result<types::messages::AffectedMessages, Error> {
    let (me, origin) = (cx.me()?, cx.origin());
    let affected = delete::messages(cx.service(), me, request.id, request.revoke, origin).await?;
    Ok(view::affected(affected))
}
