//! `contacts.block`

use domain::{Error, Fault};
use rpc::Cx;
use service::contacts::block;
use tl_api::functions;

use crate::view;

/// Blocks somebody. There are no stories to hide from people, so that is refused.
///
/// Errors: `PEER_ID_INVALID`, `CONTACT_ID_INVALID`, `INPUT_REQUEST_INVALID`.
pub async fn handler(cx: Cx, request: functions::contacts::Block) -> Result<bool, Error> {
    if request.my_stories_from {
        return Err(Fault::bad_request().into());
    }
    let peer = view::peer(&cx, request.id)?;
    block::block(cx.service(), cx.me()?, peer, cx.origin()).await?;
    Ok(true)
}
