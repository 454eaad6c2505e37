//! `contacts.setBlocked`

use domain::{Error, Fault};
use rpc::Cx;
use rpc::convert::from_tl;
use service::contacts::block;
use tl_api::functions;

use crate::view;

/// Makes the list of those who are blocked anew.
///
/// Errors: `PEER_ID_INVALID`, `CONTACT_ID_INVALID`, `INPUT_REQUEST_TOO_LONG`, `INPUT_REQUEST_INVALID`.
pub async fn handler(cx: Cx, request: functions::contacts::SetBlocked) -> Result<bool, Error> {
    let me = cx.me()?;
    if request.my_stories_from {
        return Err(Fault::bad_request().into());
    }
    let peers = view::read(&cx, move |tx| {
        let peers = request.id.iter().map(|peer| from_tl::input_peer(tx, me, peer));
        Ok(peers.collect::<Result<Vec<_>, _>>()?)
    })
    .await?;
    block::set_all(cx.service(), me, peers, request.limit.into(), cx.origin()).await?;
    Ok(true)
}
