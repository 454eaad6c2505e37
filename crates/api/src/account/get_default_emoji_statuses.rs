//! `account.getDefaultEmojiStatuses`

use domain::Error;
use rpc::Cx;
use tl_api::{enums, functions, types};

/// There are no emoji statuses.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::account::GetDefaultEmojiStatuses,
) -> Result<enums::account::EmojiStatuses, Error> {
    Ok(types::account::EmojiStatuses::default().into())
}
