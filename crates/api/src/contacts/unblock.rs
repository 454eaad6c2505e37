//! `contacts.unblock`

use domain::{Error, Fault};
use rpc::Cx;
use service::contacts::block;
use tl_api::functions;

use crate::view;

/// Lets somebody write again.
///
/// Errors: `PEER_ID_INVALID`, `INPUT_REQUEST_INVALID`.
pub async fn handler(cx: Cx, request: functions::contacts::Unblock) -> Result<bool, Error> {
    if request.my_stories_from {
        return Err(Fault::bad_request().into());
    }
    let peer = view::peer(&cx, request.id)?;
    block::unblock(cx.service(), cx.me()?, peer, cx.origin()).await?;
    Ok(true)
}
