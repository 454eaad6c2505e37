//! `messages.getMessageEditData`

use domain::Error;
use rpc::Cx;
use rpc::convert::from_tl;
use service::messages::edit;
use tl_api::{functions, types};

use crate::view;

/// Whether the caller may edit a message, and whether its text is a caption.
///
/// Errors: `PEER_ID_INVALID`, `MESSAGE_ID_INVALID`, `MESSAGE_AUTHOR_REQUIRED`, `MESSAGE_EDIT_TIME_EXPIRED`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetMessageEditData,
) -> Result<types::messages::MessageEditData, Error> {
    let me = cx.me()?;
    view::read(&cx, move |tx| {
        let peer = from_tl::input_peer(tx, me, &request.peer)?;
        let (_, content) = edit::check(tx, me, peer, request.id)?;
        Ok(types::messages::MessageEditData { caption: content.media().is_some() })
    })
    .await
}
