//! `contacts.getBlocked`

use domain::{Error, Fault, limits};
use rpc::Cx;
use tl_api::{enums, functions, types};
use updates::contacts;

use crate::view;

/// A page of those whom the caller blocked, latest first. Stories are hidden from nobody.
///
/// Errors: `LIMIT_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::contacts::GetBlocked,
) -> Result<enums::contacts::Blocked, Error> {
    let me = cx.me()?;
    if request.limit < 0 || request.offset < 0 {
        return Err(Fault::limit_invalid().into());
    }
    if request.my_stories_from {
        return Ok(types::contacts::Blocked::default().into());
    }
    let limit = i64::from(request.limit).min(i64::try_from(limits::BLOCKED_SLICE).unwrap_or(100));
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| Ok(contacts::blocked(tx, me, request.offset.into(), limit, &presence)?)).await
}
