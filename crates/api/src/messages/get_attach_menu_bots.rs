//! `messages.getAttachMenuBots`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// There are no bots for the attachment menu.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetAttachMenuBots,
) -> Result<enums::AttachMenuBots, Error> {
    Ok(types::AttachMenuBots::default().into())
}
