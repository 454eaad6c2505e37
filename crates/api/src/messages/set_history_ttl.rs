//! `messages.setHistoryTTL`

use domain::Error;
use rpc::Cx;
use service::messages::timer::{self, SetTimer};
use tl_api::{functions, types};

use crate::view;

/// After how long new messages of a dialog delete themselves, on both sides; 0 turns the timer off.
///
/// Errors: `PEER_ID_INVALID`, `TTL_PERIOD_INVALID`, `CHAT_NOT_MODIFIED`, `USER_IS_BLOCKED`,
/// `YOU_BLOCKED_USER`, `PRIVACY_PREMIUM_REQUIRED`, `FLOOD_WAIT_x`.
pub async fn handler(cx: Cx, request: functions::messages::SetHistoryTtl) -> Result<types::Updates, Error> {
    let me = cx.me()?;
    let peer = view::peer(&cx, request.peer)?;
    let command = SetTimer { by: me, peer, period: request.period, origin: cx.origin() };
    let positions = timer::set(cx.service(), command).await?;
    view::own_updates(&cx, positions).await
}
