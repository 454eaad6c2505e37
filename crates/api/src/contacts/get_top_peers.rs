//! `contacts.getTopPeers`

use domain::Error;
use rpc::Cx;
use service::contacts::ratings;
use tl_api::{enums, functions, types};

/// Nobody is rated by how often one writes to them; whoever does not want it is told that it is off.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    _request: functions::contacts::GetTopPeers,
) -> Result<enums::contacts::TopPeers, Error> {
    if !ratings::are_enabled(cx.service(), cx.me()?).await? {
        return Ok(enums::contacts::TopPeers::Disabled);
    }
    Ok(types::contacts::TopPeers::default().into())
}
