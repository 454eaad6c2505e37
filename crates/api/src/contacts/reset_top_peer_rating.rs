//! `contacts.resetTopPeerRating`

use domain::Error;
use rpc::Cx;
use tl_api::functions;

use crate::view;

/// Takes one person out of the ratings, in which nobody is.
///
/// Errors: `PEER_ID_INVALID`.
pub async fn handler(cx: Cx, request: functions::contacts::ResetTopPeerRating) -> Result<bool, Error> {
    view::peer(&cx, request.peer)?;
    Ok(true)
}
