//! `messages.readReactions`

use domain::Error;
use rpc::Cx;
use rpc::convert::from_tl;
use service::messages::react;
use tl_api::{functions, types};

use crate::view;

/// The caller has seen all reactions to their messages in a dialog.
///
/// Errors: `PEER_ID_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::ReadReactions,
) -> Result<types::messages::AffectedHistory, Error> {
    let me = cx.me()?;
    let peer = view::read(&cx, move |tx| Ok(from_tl::input_peer(tx, me, &request.peer)?)).await?;
    let read = react::read(cx.service(), me, peer, cx.origin()).await?;
    Ok(types::messages::AffectedHistory { pts: read.pts, pts_count: read.pts_count, offset: 0 })
}
