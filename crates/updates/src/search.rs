//! Finding messages: by the index where there is one, else by opening them.

use domain::words::Query;
use domain::{Peer, UserId, limits};
pub use store::found::Bounds;
use store::messages::{self, Message};
use store::words::{self, Asked, Kind};
use store::{StoreError, Tx, boxes, found, histories};
use tl_api::{enums, types};

use crate::content::Content;
use crate::history::{self, Window};
use crate::{Presence, offsets};

/// What is searched for.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Only in this dialog; `None` for all.
    pub peer: Option<Peer>,
    /// Empty for any text.
    pub query: Query,
    pub filter: Filter,
    /// In the chat with oneself: only what was saved from this dialog (from oneself: what was written there).
    pub saved_from: Option<Peer>,
    pub bounds: Bounds,
    pub window: Window,
}

/// What kind of messages is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    #[default]
    Any,
    Pinned,
    /// With a link in the text.
    Url,
    /// A kind that no message of this server is of.
    Nothing,
}

/// A page of what was found, newest first.
pub fn page(
    tx: &mut Tx<'_>,
    owner: UserId,
    search: &Search,
    presence: &Presence,
) -> Result<enums::messages::Messages, StoreError> {
    let plain = search.query.is_empty()
        && search.filter == Filter::Any
        && search.bounds.is_open()
        && search.saved_from.is_none();
    if let (true, Some(peer)) = (plain, search.peer) {
        return history::page(tx, owner, peer, search.window, presence);
    }
    let ids = ids(tx, owner, search)?;
    let count = i64::try_from(ids.len()).unwrap_or(i64::MAX);
    let rows = messages::many(tx, owner, &ids[offsets::page(&ids, &search.window)])?;
    history::answer(tx, owner, &rows, count, presence)
}

/// A page of what was found in all dialogs, and where the next one begins.
pub fn global(
    tx: &mut Tx<'_>,
    owner: UserId,
    search: &Search,
    presence: &Presence,
) -> Result<enums::messages::Messages, StoreError> {
    let mut answer = page(tx, owner, search, presence)?;
    if let enums::messages::Messages::Slice(slice) = &mut answer {
        slice.next_rate = slice.messages.last().and_then(date);
    }
    Ok(answer)
}

/// How many messages each search would find.
pub fn counters(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    filters: &[(enums::MessagesFilter, Filter)],
) -> Result<Vec<types::messages::SearchCounter>, StoreError> {
    let mut counters = Vec::with_capacity(filters.len());
    for (asked, filter) in filters {
        let count = if *filter == Filter::Any {
            messages::count(tx, owner, peer)?
        } else {
            let search = Search { peer: Some(peer), filter: *filter, ..Search::default() };
            i64::try_from(ids(tx, owner, &search)?.len()).unwrap_or(i64::MAX)
        };
        counters.push(types::messages::SearchCounter {
            inexact: false,
            filter: asked.clone(),
            count: i32::try_from(count).unwrap_or(i32::MAX),
        });
    }
    Ok(counters)
}

/// Everything that is found, highest id first: what pages are cut from.
fn ids(tx: &mut Tx<'_>, owner: UserId, search: &Search) -> Result<Vec<i32>, StoreError> {
    let limit = i64::try_from(limits::SEARCH_FOUND).unwrap_or(i64::MAX);
    let kind = (search.filter == Filter::Url).then_some(Kind::Url);
    let by_words = kind.is_some() || !search.query.is_empty();
    let mut checked = search.bounds.is_open();
    let mut ids = match search.filter {
        Filter::Nothing => return Ok(Vec::new()),
        _ if by_words => with_words(tx, owner, &Asked { query: &search.query, kind, peer: search.peer })?,
        Filter::Pinned => pinned(tx, owner, search.peer, limit)?,
        _ => {
            checked = true;
            found::within(tx, owner, search.peer, &search.bounds, limit)?
        }
    };
    if search.filter == Filter::Pinned && by_words {
        keep_common(&mut ids, &pinned(tx, owner, search.peer, limit)?);
    }
    ids.truncate(limits::SEARCH_FOUND);
    if !checked || search.saved_from.is_some() {
        let mut marks = found::marks(tx, owner, &ids)?;
        marks.retain(|mark| {
            let saved_from = mark.saved_peer.unwrap_or(mark.peer);
            search.bounds.hold(mark) && search.saved_from.is_none_or(|from| saved_from == from)
        });
        ids = marks.iter().map(|mark| mark.id).collect();
    }
    ids.retain(|id| search.window.shows(*id));
    Ok(ids)
}

/// Messages that have all that is asked for, highest id first. Where the box has no pack, they are opened.
fn with_words(tx: &mut Tx<'_>, owner: UserId, asked: &Asked<'_>) -> Result<Vec<i32>, StoreError> {
    if let Some(peer) = asked.peer {
        let most = i64::try_from(limits::SEARCH_OPENED).unwrap_or(i64::MAX);
        let ids = messages::ids_up_to(tx, owner, peer, i32::MAX, most + 1)?;
        if ids.len() <= limits::SEARCH_OPENED {
            let rows = messages::many(tx, owner, &ids)?;
            return opened(&rows, asked).collect();
        }
    }
    let mut there = words::packs(tx, owner)?.into_iter().peekable();
    let mut found = Vec::new();
    // Above this nothing is left to look at.
    let mut end = boxes::state(tx, owner)?.next_message_id;
    while found.len() < limits::SEARCH_FOUND
        && let Some(last) = messages::last_below(tx, owner, end)?
    {
        let number = words::pack_of(last);
        // Packs of numbers that no message has any more.
        while there.next_if(|other| *other > number).is_some() {}
        let pack = match there.next_if_eq(&number) {
            Some(_) => words::open(tx, owner, number)?,
            None => None,
        };
        match pack {
            Some(pack) => found.extend(pack.find(number, asked)),
            None => {
                let rows = messages::between(tx, owner, asked.peer, words::ids(number))?;
                let ids = opened(&rows, asked).collect::<Result<Vec<_>, _>>()?;
                found.extend(ids.into_iter().rev());
            }
        }
        end = words::ids(number).start;
    }
    Ok(found)
}

/// Those of some messages that have all that is asked for, by their own words.
fn opened<'a>(
    rows: &'a [Message],
    asked: &'a Asked<'_>,
) -> impl Iterator<Item = Result<i32, StoreError>> + 'a {
    rows.iter().filter_map(|row| {
        let content = match Content::unpack(&row.content) {
            Ok(content) => content,
            Err(error) => return Some(Err(error)),
        };
        let words = asked.query.is_empty() || asked.query.matches(content.plain_text());
        let kind = asked.kind.is_none_or(|kind| content.kinds().contains(&kind));
        (words && kind).then_some(Ok(row.id))
    })
}

fn pinned(tx: &mut Tx<'_>, owner: UserId, peer: Option<Peer>, limit: i64) -> Result<Vec<i32>, StoreError> {
    match peer {
        Some(peer) => histories::pinned(tx, owner, peer, limit),
        None => found::pinned(tx, owner, limit),
    }
}

/// Keeps of a list what is in another one; both have the highest first.
fn keep_common(ids: &mut Vec<i32>, others: &[i32]) {
    let mut others = others.iter().copied().peekable();
    ids.retain(|id| {
        while others.next_if(|other| other > id).is_some() {}
        others.peek() == Some(id)
    });
}

fn date(message: &enums::Message) -> Option<i32> {
    match message {
        enums::Message::Message(message) => Some(message.date),
        enums::Message::Service(message) => Some(message.date),
        enums::Message::Empty(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ids: &[i32], others: &[i32], expected: &[i32]) {
        let mut kept = ids.to_vec();
        keep_common(&mut kept, others);
        assert_eq!(kept, expected);
        let mut kept = others.to_vec();
        keep_common(&mut kept, ids);
        assert_eq!(kept, expected);
    }

    #[test]
    fn what_lists_have_in_common() {
        check(&[], &[], &[]);
        check(&[3, 2, 1], &[], &[]);
        check(&[9, 7, 5, 3], &[8, 7, 6, 3, 1], &[7, 3]);
        check(&[5], &[5], &[5]);
        check(&[9, 8], &[2, 1], &[]);
    }
}
