//! `messages.deleteSavedHistory`

use domain::{Error, Fault};
use rpc::Cx;
use service::messages::delete::History;
use service::messages::saved;
use tl_api::{functions, types};

use super::delete_history::date;
use crate::view;

/// Deletes what was saved from one dialog, or a stretch of it. Long ones take several calls: `offset` says how
/// many messages are left.
///
/// Errors: `PEER_ID_INVALID`, `MESSAGE_ID_INVALID`, `MIN_DATE_INVALID`, `MAX_DATE_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::DeleteSavedHistory,
) -> Result<types::messages::AffectedHistory, Error> {
    if request.parent_peer.is_some() {
        return Err(Fault::peer_id_invalid().into());
    }
    if request.max_id < 0 {
        return Err(Fault::message_id_invalid().into());
    }
    let history = History {
        owner: cx.me()?,
        peer: view::peer(&cx, request.peer)?,
        max_id: (request.max_id > 0).then_some(request.max_id),
        after: date(request.min_date, Fault::min_date_invalid)?,
        before: date(request.max_date, Fault::max_date_invalid)?,
        just_clear: false,
        revoke: false,
        origin: cx.origin(),
    };
    let progress = saved::delete(cx.service(), history).await?;
    Ok(types::messages::AffectedHistory {
        pts: progress.affected.pts,
        pts_count: progress.affected.pts_count,
        offset: i32::try_from(progress.left).unwrap_or(i32::MAX),
    })
}
