//! `messages.getSearchCounters`

use domain::{Error, Fault, limits};
use rpc::Cx;
use rpc::convert::from_tl;
use tl_api::{functions, types};
use updates::search;

use super::search::kind;
use crate::view;

/// How many messages of each kind a dialog has.
///
/// Errors: `PEER_ID_INVALID`, `INPUT_REQUEST_TOO_LONG`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::GetSearchCounters,
) -> Result<Vec<types::messages::SearchCounter>, Error> {
    let me = cx.me()?;
    if request.filters.len() > limits::SEARCH_COUNTERS {
        return Err(Fault::request_too_long().into());
    }
    view::read(&cx, move |tx| {
        let peer = from_tl::input_peer(tx, me, &request.peer)?;
        let filters = request.filters.into_iter().map(|filter| (filter.clone(), kind(&filter)));
        let filters: Vec<_> = filters.collect();
        Ok(search::counters(tx, me, peer, &filters)?)
    })
    .await
}
