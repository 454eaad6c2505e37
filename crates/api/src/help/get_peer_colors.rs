//! `help.getPeerColors`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// No colours of names can be chosen: clients use those that they have.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::help::GetPeerColors,
) -> Result<enums::help::PeerColors, Error> {
    Ok(types::help::PeerColors::default().into())
}
