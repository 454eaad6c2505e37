//! `help.getNearestDc`

use domain::{Error, countries};
use rpc::Cx;
use tl_api::{functions, types};

/// The data centre that the client is on is also the nearest: one server answers for all.
///
/// Errors: none.
pub async fn handler(cx: Cx, _request: functions::help::GetNearestDc) -> Result<types::NearestDc, Error> {
    let dc = cx.caller().dc;
    Ok(types::NearestDc { country: countries::DEFAULT_COUNTRY.to_owned(), this_dc: dc, nearest_dc: dc })
}
