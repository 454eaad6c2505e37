//! `messages.getSplitRanges`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};

/// The stretches of message ids that an export has to go through: one, with every id.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetSplitRanges,
) -> Result<Vec<types::MessageRange>, Error> {
    Ok(vec![types::MessageRange { min_id: 1, max_id: i32::MAX }])
}
