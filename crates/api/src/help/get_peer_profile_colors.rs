//! `help.getPeerProfileColors`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// No colours of profiles can be chosen.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::help::GetPeerProfileColors,
) -> Result<enums::help::PeerColors, Error> {
    Ok(types::help::PeerColors::default().into())
}
