//! `messages.readHistory`

use domain::Error;
use rpc::Cx;
use service::messages::read;
use tl_api::{functions, types};

use crate::view;

/// Everything up to `max_id` has been read; 0 for all there is.
///
/// Errors: `PEER_ID_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::ReadHistory,
) -> Result<types::messages::AffectedMessages, Error> {
    let peer = view::peer(&cx, request.peer)?;
    let max_id = (request.max_id > 0).then_some(request.max_id);
    let affected = read::history(cx.service(), cx.me()?, peer, max_id, cx.origin()).await?;
    Ok(view::affected(affected))
}
