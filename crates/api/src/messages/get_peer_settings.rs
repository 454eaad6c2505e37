//! `messages.getPeerSettings`

use domain::Error;
use rpc::Cx;
use rpc::convert::from_tl;
use tl_api::{functions, types};
use updates::people::Mentioned;
use updates::settings;

use crate::view;

/// What may be offered in the bar above a chat.
///
/// Errors: `PEER_ID_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetPeerSettings,
) -> Result<types::messages::PeerSettings, Error> {
    let me = cx.me()?;
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| {
        let peer = from_tl::input_peer(tx, me, &request.peer)?;
        let settings = settings::of_peer(tx, me, peer)?;
        let mut mentioned = Mentioned::default();
        mentioned.peer(peer);
        let users = mentioned.users(tx, me, &presence)?;
        Ok(types::messages::PeerSettings { settings, users, ..Default::default() })
    })
    .await
}
