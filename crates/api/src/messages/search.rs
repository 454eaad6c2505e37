//! `messages.search`

use domain::{Error, Fault, Peer, Time, limits, words};
use rpc::Cx;
use rpc::convert::from_tl;
use service::search::budget;
use tl_api::{enums, functions};
use updates::history::Window;
use updates::search::{self, Bounds, Filter, Search};

use crate::view;

/// Messages of a dialog, or of all of them, that have words, are of a kind, or both.
///
/// `max_date` is meant to include its own second: clients page on by the date of the last message they
/// got, and others of the same second may follow.
///
/// Errors: `PEER_ID_INVALID`, `LIMIT_INVALID`, `SEARCH_QUERY_EMPTY` (nothing at all is asked for, and no
/// dialog), `FLOOD_WAIT_x`.
pub async fn handler(
    cx: Cx,
    request: functions::messages::Search,
) -> Result<enums::messages::Messages, Error> {
    let me = cx.me()?;
    if request.limit < 0 {
        return Err(Fault::limit_invalid().into());
    }
    let query = words::query(&request.q);
    if !query.is_empty() {
        budget::take(cx.service(), me).await?;
    }
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| {
        let peer = match &request.peer {
            enums::InputPeer::Empty => None,
            peer => Some(from_tl::input_peer(tx, me, peer)?),
        };
        let from = match &request.from_id {
            None | Some(enums::InputPeer::Empty) => None,
            Some(from) => Some(from_tl::input_peer(tx, me, from)?.user().ok_or_else(Fault::peer_id_invalid)?),
        };
        let saved_from = match &request.saved_peer_id {
            Some(saved) if peer == Some(Peer::User(me)) => Some(from_tl::input_peer(tx, me, saved)?),
            _ => None,
        };
        let mut filter = kind(&request.filter);
        if nothing_can_match(&request, &query) {
            filter = Filter::Nothing;
        }
        if peer.is_none() && query.is_empty() && filter == Filter::Any && from.is_none() {
            return Err(Fault::search_query_empty().into());
        }
        let bounds = Bounds { from, ..dates(request.min_date, request.max_date) };
        let window = Window {
            offset_id: request.offset_id,
            offset_date: None,
            add_offset: request.add_offset,
            limit: i64::from(request.limit).min(i64::try_from(limits::SEARCH_SLICE).unwrap_or(100)),
            max_id: request.max_id,
            min_id: request.min_id,
        };
        let search = Search { peer, query, filter, saved_from, bounds, window };
        Ok(search::page(tx, me, &search, &presence)?)
    })
    .await
}

/// Text without a single letter has no words to find; messages have no tags here.
fn nothing_can_match(request: &functions::messages::Search, query: &words::Query) -> bool {
    let no_words = !request.q.trim().is_empty() && query.is_empty();
    let tagged = request.saved_reaction.as_ref().is_some_and(|tags| !tags.is_empty());
    no_words || tagged
}

/// What a filter of the protocol means here.
pub(super) fn kind(filter: &enums::MessagesFilter) -> Filter {
    match filter {
        enums::MessagesFilter::InputMessagesFilterEmpty => Filter::Any,
        enums::MessagesFilter::InputMessagesFilterPinned => Filter::Pinned,
        enums::MessagesFilter::InputMessagesFilterUrl => Filter::Url,
        // No message has media yet, none is a call, and nobody is mentioned in a private chat.
        _ => Filter::Nothing,
    }
}

/// The bounds that a request's dates set; 0 is none.
pub(super) fn dates(min_date: i32, max_date: i32) -> Bounds {
    let since = (min_date > 0).then(|| Time::from_secs(i64::from(min_date) + 1));
    let until = (max_date > 0).then(|| Time::from_secs(max_date.into()));
    Bounds { from: None, since, until }
}
