//! `messages.getDialogs`

use domain::{Error, Fault, Time, limits};
use rpc::Cx;
use tl_api::{enums, functions, types};
use updates::dialogs::{self, After};

use crate::view;

/// A page of the caller's dialogs. There is no archive yet: folder 1 is empty.
///
/// Errors: `LIMIT_INVALID`, `OFFSET_PEER_ID_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetDialogs,
) -> Result<enums::messages::Dialogs, Error> {
    let me = cx.me()?;
    if request.limit < 0 {
        return Err(Fault::limit_invalid().into());
    }
    if request.folder_id.unwrap_or(0) != 0 {
        return Ok(types::messages::Dialogs::default().into());
    }
    let presence = cx.service().presence.clone();
    let limit = i64::from(request.limit).min(i64::try_from(limits::DIALOGS_SLICE).unwrap_or(100));
    let after = (request.offset_date > 0 || request.offset_id > 0).then(|| After {
        date: Time::from_secs(request.offset_date.into()),
        message_id: if request.offset_id > 0 { request.offset_id } else { i32::MAX },
    });
    view::read(&cx, move |tx| Ok(dialogs::page(tx, me, after, request.exclude_pinned, limit, &presence)?))
        .await
}
