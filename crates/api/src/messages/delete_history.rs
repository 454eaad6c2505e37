//! `messages.deleteHistory`

use domain::{Error, Fault, Time};
use rpc::Cx;
use service::messages::delete::{self, History};
use tl_api::{functions, types};

use crate::view;

/// Deletes a whole chat, or a stretch of it. Long ones take several calls: `offset` says how many messages
/// are left.
///
/// Errors: `PEER_ID_INVALID`, `MESSAGE_ID_INVALID`, `MIN_DATE_INVALID`, `MAX_DATE_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::DeleteHistory,
) -> Result<types::messages::AffectedHistory, Error> {
    if request.max_id < 0 {
        return Err(Fault::message_id_invalid().into());
    }
    let command = History {
        owner: cx.me()?,
        peer: view::peer(&cx, request.peer)?,
        max_id: (request.max_id > 0).then_some(request.max_id),
        after: date(request.min_date, Fault::min_date_invalid)?,
        before: date(request.max_date, Fault::max_date_invalid)?,
        just_clear: request.just_clear,
        revoke: request.revoke,
        origin: cx.origin(),
    };
    Ok(view::progress(delete::history(cx.service(), command).await?))
}

/// 0 stands for no date.
pub(super) fn date(date: Option<i32>, invalid: fn() -> Fault) -> Result<Option<Time>, Fault> {
    match date.unwrap_or(0) {
        0 => Ok(None),
        date if date > 0 => Ok(Some(Time::from_secs(date.into()))),
        _ => Err(invalid()),
    }
}
