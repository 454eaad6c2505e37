//! `messages.getPinnedSavedDialogs`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions};
use updates::saved;

use crate::view;

/// The pinned dialogs of Saved Messages in their order.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    _request: functions::messages::GetPinnedSavedDialogs,
) -> Result<enums::messages::SavedDialogs, Error> {
    let me = cx.me()?;
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| Ok(saved::pinned_page(tx, me, &presence)?.into())).await
}
