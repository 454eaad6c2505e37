//! `stories.getPeerStories`

use domain::Error;
use rpc::Cx;
use rpc::convert::from_tl;
use tl_api::{functions, types};
use updates::people;

use crate::view;

/// Nobody has stories.
///
/// Errors: `PEER_ID_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::stories::GetPeerStories,
) -> Result<types::stories::PeerStories, Error> {
    let me = cx.me()?;
    let peer = view::read(&cx, move |tx| Ok(from_tl::input_peer(tx, me, &request.peer)?)).await?;
    let stories = types::PeerStories { peer: people::peer(peer), ..Default::default() };
    Ok(types::stories::PeerStories { stories, ..Default::default() })
}
