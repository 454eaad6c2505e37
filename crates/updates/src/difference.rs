//! What a device missed: `updates.getState` and `updates.getDifference`.

use domain::{Time, UserId, limits};
use store::events::{self, What};
use store::{StoreError, Tx, boxes, dialogs};
use tl_api::{enums, types};

use crate::Presence;
use crate::render::{self, Rendered};

/// Where a device stands.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    pub pts: i32,
    pub date: Time,
    /// The most events that the device wants to hear of before it would rather start anew.
    pub total_limit: Option<i32>,
    /// The most events that it takes in one slice.
    pub slice_limit: Option<i32>,
}

/// The state of a box now. Its date lies a little in the past, so that no event beside `pts` is missed that
/// others are writing at this moment; devices are told of what happened since then once more.
pub fn state(tx: &mut Tx<'_>, owner: UserId) -> Result<types::updates::State, StoreError> {
    let counters = boxes::state(tx, owner)?;
    state_at(tx, owner, counters)
}

fn state_at(
    tx: &mut Tx<'_>,
    owner: UserId,
    counters: boxes::State,
) -> Result<types::updates::State, StoreError> {
    Ok(types::updates::State {
        pts: counters.pts,
        qts: counters.qts,
        date: tx.now().plus_secs(-limits::STATE_MARGIN_SECS).wire(),
        seq: 1,
        unread_count: dialogs::unread_total(tx, owner)?,
    })
}

/// What happened in a box since a device last looked: everything, or a first slice of it, or word that it
/// is too much to tell (for the server, or for what the device asked for) and the device has to begin
/// anew.
pub fn since(
    tx: &mut Tx<'_>,
    owner: UserId,
    since: Since,
    presence: &Presence,
) -> Result<enums::updates::Difference, StoreError> {
    let counters = boxes::state(tx, owner)?;
    let now = state_at(tx, owner, counters)?;
    let behind = i64::from(now.pts) - i64::from(since.pts);
    let limit = since.total_limit.map_or(limits::DIFFERENCE_MAX, i64::from).min(limits::DIFFERENCE_MAX);
    // What one would need that was away for longer than events are kept is gone.
    // A device that is ahead remembers what this server has lost: it has to begin anew as well.
    if behind > limit || behind < 0 || since.pts < counters.floor {
        return Ok(types::updates::DifferenceTooLong { pts: now.pts }.into());
    }
    let (events, complete) = slice(tx, owner, since)?;
    if events.is_empty() {
        return Ok(types::updates::DifferenceEmpty { date: now.date, seq: now.seq }.into());
    }
    let mut rendered = Rendered::default();
    let mut told = Vec::with_capacity(events.len());
    for event in &events {
        if render::one(tx, event, &mut rendered)? {
            told.push(event);
        }
    }
    let reached = events.last().map_or(now.pts, |event| event.pts);
    let reached_date = events.last().map_or(now.date, |event| event.date.wire());
    let users = rendered.mentioned.users(tx, owner, presence)?;
    let (new_messages, other_updates) = split(&told, rendered.updates);
    if complete {
        let difference = types::updates::Difference {
            new_messages,
            other_updates,
            users,
            state: now,
            ..Default::default()
        };
        return Ok(difference.into());
    }
    Ok(types::updates::DifferenceSlice {
        new_messages,
        other_updates,
        users,
        intermediate_state: types::updates::State { pts: reached, date: reached_date, ..now },
        ..Default::default()
    }
    .into())
}

/// The next events for a device, and whether those are all.
///
/// A state is no more than `pts` and a second, so events beside one `pts` in one second are told again
/// together. A slice never ends where it began: that would be the next one too.
fn slice(tx: &mut Tx<'_>, owner: UserId, since: Since) -> Result<(Vec<events::Event>, bool), StoreError> {
    let most = i32::try_from(limits::DIFFERENCE_SLICE).unwrap_or(i32::MAX);
    let mut limit = i64::from(since.slice_limit.map_or(most, |limit| limit.clamp(1, most)));
    loop {
        let mut events = events::after(tx, owner, since.pts, since.date, limit + 1)?;
        if i64::try_from(events.len()).unwrap_or(i64::MAX) <= limit {
            return Ok((events, true));
        }
        events.pop();
        let moved =
            events.last().is_some_and(|last| last.pts > since.pts || last.date.secs() > since.date.secs());
        if moved {
            return Ok((events, false));
        }
        limit *= 2;
    }
}

/// New messages stand in a list of their own; the rest stays as updates. A new message that is gone
/// again needs no word at all here, as the whole range of `pts` is covered.
fn split(
    events: &[&events::Event],
    updates: Vec<enums::Update>,
) -> (Vec<enums::Message>, Vec<enums::Update>) {
    let mut new_messages = Vec::new();
    let mut other_updates = Vec::new();
    for (event, update) in events.iter().zip(updates) {
        match (&event.what, update) {
            (What::New { .. }, enums::Update::NewMessage(update)) => new_messages.push(update.message),
            (What::New { .. }, _) => {}
            (_, update) => other_updates.push(update),
        }
    }
    (new_messages, other_updates)
}
