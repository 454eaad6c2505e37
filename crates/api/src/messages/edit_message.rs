//! `messages.editMessage`

use domain::{Error, Fault};
use rpc::Cx;
use rpc::convert::from_tl;
use service::messages::edit::{self, Edit};
use service::messages::schedule;
use tl_api::{enums, functions, types};

use super::outcome;
use crate::view;

/// Changes the text of a message that the caller wrote, for both sides; with a date, that of a message which
/// waits to be sent.
///
/// Errors: `PEER_ID_INVALID`, `MESSAGE_ID_INVALID`, `MESSAGE_AUTHOR_REQUIRED`, `MESSAGE_EDIT_TIME_EXPIRED`,
/// `MESSAGE_NOT_MODIFIED`, `MESSAGE_EMPTY`, `MESSAGE_TOO_LONG`, `ENTITY_BOUNDS_INVALID`,
/// `MEDIA_PREV_INVALID`, `USER_IS_BLOCKED`, `FLOOD_WAIT_x`; with a date also `SCHEDULE_DATE_INVALID`,
/// `SCHEDULE_DATE_TOO_LATE`, `SCHEDULE_STATUS_PRIVATE`.
pub async fn handler(cx: Cx, request: functions::messages::EditMessage) -> Result<types::Updates, Error> {
    let me = cx.me()?;
    if request.media.as_ref().is_some_and(|media| !matches!(media, enums::InputMedia::Empty)) {
        return Err(Fault::media_prev_invalid().into());
    }
    let (origin, date) = (cx.origin(), request.schedule_date);
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
    let Some(date) = date else {
        let position = edit::edit(cx.service(), command).await?;
        return view::own_updates(&cx, vec![position]).await;
    };
    let command = schedule::Edit {
        owner: me,
        peer: command.peer,
        id: command.id,
        text: command.text,
        entities: command.entities,
        date,
        origin,
    };
    outcome::changed(&cx, schedule::edit(cx.service(), command).await?).await
}
