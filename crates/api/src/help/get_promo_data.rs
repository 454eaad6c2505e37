//! `help.getPromoData`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

use super::ASK_AGAIN_SECS;

/// No dialog is promoted; clients ask again after a day.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    _request: functions::help::GetPromoData,
) -> Result<enums::help::PromoData, Error> {
    let expires = cx.service().now().plus_secs(ASK_AGAIN_SECS).wire();
    Ok(types::help::PromoDataEmpty { expires }.into())
}
