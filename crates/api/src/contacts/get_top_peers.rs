//! `contacts.getTopPeers`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// Nobody is rated by how often one writes to them.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::contacts::GetTopPeers,
) -> Result<enums::contacts::TopPeers, Error> {
    Ok(types::contacts::TopPeers::default().into())
}
