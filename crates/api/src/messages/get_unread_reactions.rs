//! `messages.getUnreadReactions`

use domain::Error;
use rpc::Cx;
use rpc::convert::from_tl;
use tl_api::{enums, functions};
use updates::history::Window;
use updates::reactions;

use crate::view;

/// The caller's messages in a dialog that got reactions which the caller has not seen.
///
/// Errors: `PEER_ID_INVALID`, `LIMIT_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetUnreadReactions,
) -> Result<enums::messages::Messages, Error> {
    let me = cx.me()?;
    let presence = cx.service().presence.clone();
    let window = Window {
        offset_id: request.offset_id,
        offset_date: None,
        add_offset: request.add_offset,
        limit: view::page_limit(request.limit)?,
        max_id: request.max_id,
        min_id: request.min_id,
    };
    view::read(&cx, move |tx| {
        let peer = from_tl::input_peer(tx, me, &request.peer)?;
        Ok(reactions::unread(tx, me, peer, &window, &presence)?)
    })
    .await
}
