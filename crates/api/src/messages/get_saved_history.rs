//! `messages.getSavedHistory`

use domain::{Error, Fault, Time};
use rpc::Cx;
use rpc::convert::from_tl;
use tl_api::{enums, functions};
use updates::history::Window;
use updates::saved;

use crate::view;

/// A page of what was saved from one dialog, newest first.
///
/// Errors: `PEER_ID_INVALID`, `LIMIT_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetSavedHistory,
) -> Result<enums::messages::Messages, Error> {
    let me = cx.me()?;
    if request.parent_peer.is_some() {
        return Err(Fault::peer_id_invalid().into());
    }
    let presence = cx.service().presence.clone();
    let window = Window {
        offset_id: request.offset_id,
        offset_date: (request.offset_date > 0).then(|| Time::from_secs(request.offset_date.into())),
        add_offset: request.add_offset,
        limit: view::page_limit(request.limit)?,
        max_id: request.max_id,
        min_id: request.min_id,
    };
    view::read(&cx, move |tx| {
        let peer = from_tl::input_peer(tx, me, &request.peer)?;
        Ok(saved::history(tx, me, peer, window, &presence)?)
    })
    .await
}
