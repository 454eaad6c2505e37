//! Pages of a dialog's messages.

use domain::{Peer, Time, UserId};
use store::{StoreError, Tx, messages};
use tl_api::{enums, types};

use crate::people::Mentioned;
use crate::{Presence, message};

/// Which messages of a dialog are asked for, as `messages.getHistory` and its kin say it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window {
    /// The page begins below this id; 0 for the newest message (or for `offset_date`).
    pub offset_id: i32,
    /// The page begins before this time; only looked at without `offset_id`.
    pub offset_date: Option<Time>,
    /// How many messages further down the page begins; negative: so many above instead.
    pub add_offset: i32,
    /// Not above the caller's limit.
    pub limit: i64,
    /// Leave out this id and those above; 0 for none.
    pub max_id: i32,
    /// Leave out this id and those below; 0 for none.
    pub min_id: i32,
}

impl Window {
    /// Whether an id is within the window's bounds.
    pub fn shows(&self, id: i32) -> bool {
        (self.max_id <= 0 || id < self.max_id) && (self.min_id <= 0 || id > self.min_id)
    }
}

/// A page, newest first, with everybody in it. `messages.messages` when it is all there is,
/// `messages.messagesSlice` when there is more, as clients page on after the latter alone.
pub fn page(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    window: Window,
    presence: &Presence,
) -> Result<enums::messages::Messages, StoreError> {
    let rows = rows(tx, owner, peer, window)?;
    let count = messages::count(tx, owner, peer)?;
    answer(tx, owner, &rows, count, presence)
}

/// A message that somebody asks for.
#[derive(Clone, Copy, Debug)]
pub enum Wanted {
    Id(i32),
    /// The one that this message answers.
    AnsweredBy(i32),
    /// Whatever it is, it is not here.
    Nothing,
}

/// Messages in the order asked for; `messageEmpty` in the place of each that is not in the box.
pub fn by_ids(
    tx: &mut Tx<'_>,
    owner: UserId,
    wanted: &[Wanted],
    presence: &Presence,
) -> Result<enums::messages::Messages, StoreError> {
    let mut mentioned = Mentioned::default();
    let mut found = Vec::with_capacity(wanted.len());
    for wanted in wanted {
        let id = match *wanted {
            Wanted::Id(id) => id,
            Wanted::AnsweredBy(id) => messages::get(tx, owner, id)?.and_then(|row| row.reply_to).unwrap_or(0),
            Wanted::Nothing => 0,
        };
        found.push(match messages::get(tx, owner, id)? {
            Some(row) => message::render(tx, &row, &mut mentioned)?,
            None => types::MessageEmpty { id, ..Default::default() }.into(),
        });
    }
    let users = mentioned.users(tx, owner, presence)?;
    Ok(types::messages::Messages { messages: found, users, ..Default::default() }.into())
}

/// An answer of messages in the given order, out of `count` in all.
pub fn answer(
    tx: &mut Tx<'_>,
    owner: UserId,
    rows: &[messages::Message],
    count: i64,
    presence: &Presence,
) -> Result<enums::messages::Messages, StoreError> {
    let mut mentioned = Mentioned::default();
    let messages =
        rows.iter().map(|row| message::render(tx, row, &mut mentioned)).collect::<Result<Vec<_>, _>>()?;
    let users = mentioned.users(tx, owner, presence)?;
    if i64::try_from(messages.len()).unwrap_or(i64::MAX) >= count {
        return Ok(types::messages::Messages { messages, users, ..Default::default() }.into());
    }
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    Ok(types::messages::MessagesSlice { count, messages, users, ..Default::default() }.into())
}

/// The rows of a window, newest first.
pub fn rows(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    window: Window,
) -> Result<Vec<messages::Message>, StoreError> {
    let start = start(tx, owner, peer, window)?;
    let mut rows = if window.add_offset >= 0 {
        messages::older(tx, owner, peer, start, i64::from(window.add_offset), window.limit)?
    } else {
        around(tx, owner, peer, start, window)?
    };
    rows.retain(|row| window.shows(row.id));
    Ok(rows)
}

/// The first message of a dialog that is not older than `date`.
pub fn first_since(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    date: Time,
) -> Result<Option<i32>, StoreError> {
    messages::first_since(tx, owner, peer, date)
}

/// The id below which the page would begin if there were no `add_offset`.
fn start(tx: &mut Tx<'_>, owner: UserId, peer: Peer, window: Window) -> Result<i32, StoreError> {
    match (window.offset_id, window.offset_date) {
        (id, _) if id > 0 => Ok(id),
        (_, Some(date)) => messages::first_since(tx, owner, peer, date).map(|id| id.unwrap_or(i32::MAX)),
        _ => Ok(i32::MAX),
    }
}

/// A page that begins above its start: the nearest messages from there on, then those below. What the page
/// would show above the newest message is not made up for below.
fn around(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    start: i32,
    window: Window,
) -> Result<Vec<messages::Message>, StoreError> {
    let above = i64::from(window.add_offset.unsigned_abs());
    let skip = (above - window.limit).max(0);
    let mut rows = messages::newer(tx, owner, peer, start, skip, above.min(window.limit))?;
    rows.reverse();
    if above < window.limit {
        rows.extend(messages::older(tx, owner, peer, start, 0, window.limit - above)?);
    }
    Ok(rows)
}
