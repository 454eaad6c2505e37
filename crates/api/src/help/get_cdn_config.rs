//! `help.getCdnConfig`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};

/// There are no delivery servers of others: files come from this server.
///
/// Errors: none.
pub async fn handler(_cx: Cx, _request: functions::help::GetCdnConfig) -> Result<types::CdnConfig, Error> {
    Ok(types::CdnConfig::default())
}
