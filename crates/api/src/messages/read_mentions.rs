//! `messages.readMentions`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};

use crate::view;

/// The caller has seen where they were mentioned. Private chats count no mentions, so the box stands still.
///
/// Errors: `PEER_ID_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::ReadMentions,
) -> Result<types::messages::AffectedHistory, Error> {
    let me = cx.me()?;
    view::peer(&cx, request.peer)?;
    let pts = view::read(&cx, move |tx| Ok(updates::difference::state(tx, me)?.pts)).await?;
    Ok(types::messages::AffectedHistory { pts, pts_count: 0, offset: 0 })
}
