//! `messages.getSuggestedDialogFilters`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};

/// No folders are suggested.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetSuggestedDialogFilters,
) -> Result<Vec<types::DialogFilterSuggested>, Error> {
    Ok(Vec::new())
}
