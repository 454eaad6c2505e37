//! Finding messages: the index says where, the messages themselves have the last word.

use domain::words::Query;
use domain::{Peer, UserId, limits};
pub use store::found::Bounds;
use store::messages::{self, Message};
use store::words::{self, Kind, Term};
use store::{StoreError, Tx};
use store::{found, histories};
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
    let rows = rows(tx, owner, search, &ids[offsets::page(&ids, &search.window)])?;
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
    let mut terms = words::asked(&search.query);
    if search.filter == Filter::Url {
        terms.push(Term::Kind(Kind::Url));
    }
    let mut checked = search.bounds.is_open();
    let mut ids = match (search.filter, terms.split_first()) {
        (Filter::Nothing, _) => return Ok(Vec::new()),
        (_, Some((first, rest))) => {
            let mut ids = words::find(tx, owner, search.peer, *first, limit)?;
            for term in rest {
                if ids.is_empty() {
                    break;
                }
                ids = words::keep(tx, owner, &ids, *term)?;
            }
            ids
        }
        (Filter::Pinned, None) => pinned(tx, owner, search.peer, limit)?,
        (_, None) => {
            checked = true;
            found::within(tx, owner, search.peer, &search.bounds, limit)?
        }
    };
    if search.filter == Filter::Pinned && !terms.is_empty() {
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

fn pinned(tx: &mut Tx<'_>, owner: UserId, peer: Option<Peer>, limit: i64) -> Result<Vec<i32>, StoreError> {
    match peer {
        Some(peer) => histories::pinned(tx, owner, peer, limit),
        None => found::pinned(tx, owner, limit),
    }
}

/// Opens the messages of a page. The index holds hashes: whether a message really has the words is only
/// known once it is open.
fn rows(tx: &mut Tx<'_>, owner: UserId, search: &Search, ids: &[i32]) -> Result<Vec<Message>, StoreError> {
    let mut rows = messages::many(tx, owner, ids)?;
    let mut checked = Vec::with_capacity(rows.len());
    for row in rows.drain(..) {
        let words =
            search.query.is_empty() || search.query.matches(Content::unpack(&row.content)?.plain_text());
        if words && search.peer.is_none_or(|peer| row.peer == peer) {
            checked.push(row);
        }
    }
    Ok(checked)
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
