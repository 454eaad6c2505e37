//! `messages.getOutboxReadDate`

use domain::Error;
use rpc::Cx;
use service::messages::read;
use tl_api::{functions, types};

use crate::view;

/// When the other side read a message of the caller's, where both let each other know such times.
///
/// Errors: `PEER_ID_INVALID`, `MESSAGE_ID_INVALID`, `MESSAGE_NOT_READ_YET`, `MESSAGE_TOO_OLD`,
/// `YOUR_PRIVACY_RESTRICTED`, `USER_PRIVACY_RESTRICTED`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetOutboxReadDate,
) -> Result<types::OutboxReadDate, Error> {
    let peer = view::peer(&cx, request.peer)?;
    let date = read::outbox_date(cx.service(), cx.me()?, peer, request.msg_id).await?;
    Ok(types::OutboxReadDate { date: date.wire() })
}
