//! `help.getTermsOfServiceUpdate`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

use super::ASK_AGAIN_SECS;

/// There are no terms to accept; clients ask again after a day.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    _request: functions::help::GetTermsOfServiceUpdate,
) -> Result<enums::help::TermsOfServiceUpdate, Error> {
    let expires = cx.service().now().plus_secs(ASK_AGAIN_SECS).wire();
    Ok(types::help::TermsOfServiceUpdateEmpty { expires }.into())
}
