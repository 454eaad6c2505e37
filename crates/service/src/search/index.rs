//! Taking the news of boxes into the search index.

use std::collections::BTreeMap;

use domain::{UserId, words as text};
use store::words;
use store::{StoreError, Tx, messages};
use updates::Content;

/// Events of one box that are looked at in one transaction.
const EVENTS: i64 = 200;

/// Entries written in one transaction, about: other writes wait meanwhile.
const ENTRIES: usize = 2000;

/// Takes in what is new in the boxes of `owners` (in rising order), a bounded piece of it. Gives those
/// with whom it did not get to the end.
pub fn batch(tx: &mut Tx<'_>, owners: &[UserId]) -> Result<Vec<UserId>, StoreError> {
    let mut left = Vec::new();
    let mut entries = 0;
    for owner in owners {
        if entries >= ENTRIES || !one_box(tx, *owner, &mut entries)? {
            left.push(*owner);
        }
    }
    Ok(left)
}

/// Whether the box is done.
fn one_box(tx: &mut Tx<'_>, owner: UserId, entries: &mut usize) -> Result<bool, StoreError> {
    let seen = words::cursor(tx, owner)?;
    if words::to_index(tx, owner, seen, 1)?.is_empty() {
        return Ok(true);
    }
    let seen = words::hold_cursor(tx, owner)?;
    let events = words::to_index(tx, owner, seen, EVENTS)?;
    let mut done = i64::try_from(events.len()).unwrap_or(i64::MAX) < EVENTS;
    // The last event of each message is enough: the message is read as it is now.
    let mut last: BTreeMap<i32, i32> = BTreeMap::new();
    for (pts, message_id) in &events {
        if let Some(id) = message_id {
            last.insert(*id, *pts);
        }
    }
    let mut reached = seen;
    for (pts, message_id) in events {
        if *entries >= ENTRIES {
            done = false;
            break;
        }
        if let Some(id) = message_id.filter(|id| last.get(id) == Some(&pts)) {
            *entries += one_message(tx, owner, id)?;
        }
        reached = pts;
    }
    words::set_cursor(tx, owner, reached)?;
    Ok(done)
}

fn one_message(tx: &mut Tx<'_>, owner: UserId, id: i32) -> Result<usize, StoreError> {
    let Some(row) = messages::get(tx, owner, id)? else { return Ok(0) };
    let content = Content::unpack(&row.content)?;
    let terms = text::terms(content.plain_text());
    // What an edit left behind, should another node have been quicker with the old words.
    words::forget(tx, owner, id)?;
    words::insert(tx, owner, row.peer, id, &terms, &content.kinds())
}
