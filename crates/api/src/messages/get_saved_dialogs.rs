//! `messages.getSavedDialogs`

use domain::{Error, Fault, Time, limits};
use rpc::Cx;
use tl_api::{enums, functions};
use updates::saved::{self, Page};

use crate::view;

/// Saved Messages by where they were saved from. The list is always sent: `hash` is not looked at.
///
/// Errors: `PEER_ID_INVALID` for a `parent_peer`, which only channels have; `LIMIT_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetSavedDialogs,
) -> Result<enums::messages::SavedDialogs, Error> {
    let me = cx.me()?;
    if request.parent_peer.is_some() {
        return Err(Fault::peer_id_invalid().into());
    }
    let limit = usize::try_from(request.limit).map_err(|_| Fault::limit_invalid())?;
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| {
        let below = match (request.offset_id, request.offset_date) {
            (0, date) if date > 0 => {
                let date = Time::from_secs(date.into());
                updates::history::first_since(tx, me, me.into(), date)?.unwrap_or(i32::MAX)
            }
            (id, _) => id,
        };
        let limit = limit.min(limits::DIALOGS_SLICE);
        let page = Page { below, exclude_pinned: request.exclude_pinned, limit };
        Ok(saved::page(tx, me, page, &presence)?)
    })
    .await
}
