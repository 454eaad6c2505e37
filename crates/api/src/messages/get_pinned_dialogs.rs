//! `messages.getPinnedDialogs`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};
use updates::dialogs;

use crate::view;

/// The pinned dialogs in their order. There is no archive yet: nothing is pinned in folder 1.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetPinnedDialogs,
) -> Result<types::messages::PeerDialogs, Error> {
    let me = cx.me()?;
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| match request.folder_id {
        0 => Ok(dialogs::pinned(tx, me, &presence)?),
        _ => Ok(dialogs::by_peers(tx, me, &[], &presence)?),
    })
    .await
}
