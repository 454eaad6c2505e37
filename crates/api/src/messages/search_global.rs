//! `messages.searchGlobal`

use domain::{Error, Fault, Time, limits, words};
use rpc::Cx;
use service::search::budget;
use tl_api::{enums, functions, types};
use updates::history::Window;
use updates::search::{self, Search};

use super::search::{dates, kind};
use crate::view;

/// Messages in all of the caller's dialogs that have words, are of a kind, or both.
///
/// The next page begins below `offset_id`, whose number is unique in the caller's box; without it, before
/// `offset_rate`, which is the date of the last message of the page before.
///
/// Errors: `LIMIT_INVALID`, `SEARCH_QUERY_EMPTY`, `FLOOD_WAIT_x`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::SearchGlobal,
) -> Result<enums::messages::Messages, Error> {
    let me = cx.me()?;
    if request.limit < 0 {
        return Err(Fault::limit_invalid().into());
    }
    let query = words::query(&request.q);
    let filter = kind(&request.filter);
    if query.is_empty() && filter == search::Filter::Any {
        return Err(Fault::search_query_empty().into());
    }
    // There are private chats only, and no archive.
    let elsewhere = request.broadcasts_only
        || request.groups_only
        || request.community.is_some()
        || request.folder_id.unwrap_or(0) != 0;
    if elsewhere {
        return Ok(types::messages::Messages::default().into());
    }
    if !query.is_empty() {
        budget::take(cx.service(), me).await?;
    }
    let mut bounds = dates(request.min_date, request.max_date);
    if request.offset_id <= 0 && request.offset_rate > 0 {
        let before = Time::from_secs(i64::from(request.offset_rate) - 1);
        bounds.until = Some(bounds.until.map_or(before, |until| until.min(before)));
    }
    let window = Window {
        offset_id: request.offset_id,
        limit: i64::from(request.limit).min(i64::try_from(limits::SEARCH_SLICE).unwrap_or(100)),
        ..Window::default()
    };
    let search = Search { query, filter, bounds, window, ..Search::default() };
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| Ok(search::global(tx, me, &search, &presence)?)).await
}
