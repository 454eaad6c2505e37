//! `stories.getPeerStories`

use domain::Error;
use rpc::Cx;
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
    let peer = view::peer(&cx, request.peer)?;
    let stories = types::PeerStories { peer: people::peer(peer), ..Default::default() };
    Ok(types::stories::PeerStories { stories, ..Default::default() })
}
