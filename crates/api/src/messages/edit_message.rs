//! `messages.editMessage`

use domain::{Error, Fault};
use rpc::Cx;
use rpc::convert::from_tl;
use service::messages::edit::{self, Edit};
use tl_api::{enums, functions, types};

use crate::view;

/// Changes the text of a message that the caller wrote, for both sides.
///
/// Errors: `PEER_ID_INVALID`, `MESSAGE_ID_INVALID`, `MESSAGE_AUTHOR_REQUIRED`, `MESSAGE_EDIT_TIME_EXPIRED`,
/// `MESSAGE_NOT_MODIFIED`, `MESSAGE_EMPTY`, `MESSAGE_TOO_LONG`, `ENTITY_BOUNDS_INVALID`,
/// `MEDIA_PREV_INVALID`, `USER_IS_BLOCKED`, `FLOOD_WAIT_x`.
pub async fn handler(cx: Cx, request: functions::messages::EditMessage) -> Result<types::Updates, Error> {
    let me = cx.me()?;
    if request.media.as_ref().is_some_and(|media| !matches!(media, enums::InputMedia::Empty)) {
        return Err(Fault::media_prev_invalid().into());
    }
    let origin = cx.origin();
    let command = view::read(&cx, move |tx| {
        Ok(Edit {
            editor: me,
            peer: from_tl::input_peer(tx, me, &request.peer)?,
            id: request.id,
            text: request.message,
            entities: from_tl::entities(tx, me, &request.entities.unwrap_or_default()),
            origin,
        })
    })
    .await?;
    let position = edit::edit(cx.service(), command).await?;
    view::own_updates(&cx, vec![position]).await
}
