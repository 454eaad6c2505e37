//! Making the packs of the search index.

use domain::{UserId, words as text};
use store::words::{self, Builder, Pack};
use store::{StoreError, Tx, boxes, events, messages};
use updates::Content;

/// A pack of a box as it would be at one `pts`.
pub struct Draft {
    owner: UserId,
    number: i32,
    words: Pack,
    pts: i32,
}

/// Boxes and the packs that they could have and have not, at most `limit` packs in all.
pub fn missing(tx: &mut Tx<'_>, owners: &[UserId], limit: usize) -> Result<Vec<(UserId, i32)>, StoreError> {
    let mut missing = Vec::new();
    for owner in owners {
        let numbers = words::missing(tx, *owner, limit - missing.len())?;
        missing.extend(numbers.into_iter().map(|number| (*owner, number)));
        if missing.len() >= limit {
            break;
        }
    }
    Ok(missing)
}

/// Reads the messages of a pack. Made on a snapshot, so that no write waits for it.
pub fn draft(tx: &mut Tx<'_>, owner: UserId, number: i32) -> Result<Draft, StoreError> {
    let pts = boxes::state(tx, owner)?.pts;
    let mut builder = Builder::default();
    for row in messages::between(tx, owner, None, words::ids(number))? {
        let content = Content::unpack(&row.content)?;
        builder.add(row.id, row.peer, text::words(content.plain_text()), &content.kinds());
    }
    Ok(Draft { owner, number, words: builder.finish(), pts })
}

/// Keeps a pack, unless messages of the box changed since it was drawn up. False: it has to be made anew.
pub fn keep(tx: &mut Tx<'_>, draft: &Draft) -> Result<bool, StoreError> {
    boxes::hold(tx, draft.owner)?;
    if events::changes_since(tx, draft.owner, draft.pts)? {
        return Ok(false);
    }
    words::put(tx, draft.owner, draft.number, &draft.words)?;
    Ok(true)
}
