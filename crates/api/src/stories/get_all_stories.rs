//! `stories.getAllStories`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// There are no stories.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::stories::GetAllStories,
) -> Result<enums::stories::AllStories, Error> {
    Ok(types::stories::AllStories::default().into())
}
