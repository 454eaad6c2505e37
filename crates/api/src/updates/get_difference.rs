//! `updates.getDifference`

use domain::{Error, Fault, Time};
use rpc::Cx;
use tl_api::{enums, functions};
use updates::difference::{self, Since};

use crate::view;

/// Everything that happened in the caller's box after a state that the device remembers.
///
/// `qts` is ignored: clients are known to send -1 for it.
///
/// Errors: `PERSISTENT_TIMESTAMP_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::updates::GetDifference,
) -> Result<enums::updates::Difference, Error> {
    let me = cx.me()?;
    if request.pts < 0 {
        return Err(Fault::persistent_timestamp_invalid().into());
    }
    let presence = cx.service().presence.clone();
    let since = Since {
        pts: request.pts,
        date: Time::from_secs(request.date.into()),
        total_limit: request.pts_total_limit.filter(|limit| *limit > 0),
        slice_limit: request.pts_limit.filter(|limit| *limit > 0),
    };
    view::read(&cx, move |tx| Ok(difference::since(tx, me, since, &presence)?)).await
}
