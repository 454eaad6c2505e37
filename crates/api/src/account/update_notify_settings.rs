//! `account.updateNotifySettings`

use domain::Error;
use rpc::Cx;
use rpc::convert::notify as from_tl;
use service::notify::update;
use tl_api::functions;

use crate::view;

/// Sets how devices tell of new messages.
///
/// Errors: `PEER_ID_INVALID`, `SETTINGS_INVALID`.
pub async fn handler(cx: Cx, request: functions::account::UpdateNotifySettings) -> Result<bool, Error> {
    let me = cx.me()?;
    let peer = request.peer;
    let scope = view::read(&cx, move |tx| Ok(from_tl::scope(tx, me, &peer)?)).await?;
    let settings = from_tl::settings(request.settings);
    update::update(cx.service(), me, scope, settings, cx.origin()).await?;
    Ok(true)
}
