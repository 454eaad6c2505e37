//! `messages.getAvailableEffects`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// There are no message effects.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetAvailableEffects,
) -> Result<enums::messages::AvailableEffects, Error> {
    Ok(types::messages::AvailableEffects::default().into())
}
