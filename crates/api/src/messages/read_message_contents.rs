//! `messages.readMessageContents`

use domain::Error;
use rpc::Cx;
use service::messages::read;
use tl_api::{functions, types};

use crate::view;

/// Media was played, mentions were looked at.
///
/// Errors: `INPUT_REQUEST_TOO_LONG`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::ReadMessageContents,
) -> Result<types::messages::AffectedMessages, Error> {
    let affected = read::contents(cx.service(), cx.me()?, request.id, cx.origin()).await?;
    Ok(view::affected(affected))
}
