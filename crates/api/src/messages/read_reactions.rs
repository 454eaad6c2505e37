//! `messages.readReactions`

use domain::Error;
use rpc::Cx;
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
    let peer = view::peer(&cx, request.peer)?;
    Ok(view::progress(react::read(cx.service(), me, peer, cx.origin()).await?))
}
