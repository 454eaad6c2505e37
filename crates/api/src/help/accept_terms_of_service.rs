//! `help.acceptTermsOfService`

use domain::Error;
use rpc::Cx;
use tl_api::functions;

/// There are no terms: to accept them changes nothing.
///
/// Errors: none.
pub async fn handler(_cx: Cx, _request: functions::help::AcceptTermsOfService) -> Result<bool, Error> {
    Ok(true)
}
