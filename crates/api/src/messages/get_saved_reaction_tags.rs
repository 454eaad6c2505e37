//! `messages.getSavedReactionTags`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// Saved messages have no tags.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::GetSavedReactionTags,
) -> Result<enums::messages::SavedReactionTags, Error> {
    Ok(types::messages::SavedReactionTags::default().into())
}
