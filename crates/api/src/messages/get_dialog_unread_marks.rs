//! `messages.getDialogUnreadMarks`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions};
use updates::dialogs;

use crate::view;

/// The dialogs that the caller marked as unread by hand.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetDialogUnreadMarks,
) -> Result<Vec<enums::DialogPeer>, Error> {
    let me = cx.me()?;
    if request.parent_peer.is_some() {
        return Ok(Vec::new());
    }
    view::read(&cx, move |tx| Ok(dialogs::unread_marks(tx, me)?)).await
}
