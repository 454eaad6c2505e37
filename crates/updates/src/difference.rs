//! What a device missed: `updates.getState` and `updates.getDifference`.

use domain::{Time, UserId};
use store::events::{self, What};
use store::{StoreError, Tx, boxes, dialogs};
use tl_api::{enums, types};

use crate::Presence;
use crate::render::{self, Rendered};

/// Events in one slice of a difference.
pub const SLICE_EVENTS: i64 = 500;

/// Where a device stands.
#[derive(Clone, Copy, Debug)]
pub struct Since {
    pub pts: i32,
    pub date: Time,
    /// The most events that the device wants to hear of before it would rather start anew.
    pub total_limit: Option<i32>,
}

/// The state of a box now.
pub fn state(tx: &mut Tx<'_>, owner: UserId) -> Result<types::updates::State, StoreError> {
    let counters = boxes::state(tx, owner)?;
    Ok(types::updates::State {
        pts: counters.pts,
        qts: counters.qts,
        date: tx.now().wire(),
        seq: 1,
        unread_count: dialogs::unread_total(tx, owner)?,
    })
}

/// What happened in a box since a device last looked: everything, or a first slice of it, or, where
/// the device asked for no more than that, word that it is too much.
pub fn since(
    tx: &mut Tx<'_>,
    owner: UserId,
    since: Since,
    presence: &Presence,
) -> Result<enums::updates::Difference, StoreError> {
    let now = state(tx, owner)?;
    if let Some(limit) = since.total_limit
        && now.pts.saturating_sub(since.pts) > limit
    {
        return Ok(types::updates::DifferenceTooLong { pts: now.pts }.into());
    }
    let mut events = events::after(tx, owner, since.pts, since.date, SLICE_EVENTS + 1)?;
    if events.is_empty() {
        return Ok(types::updates::DifferenceEmpty { date: now.date, seq: now.seq }.into());
    }
    let complete = events.len() <= usize::try_from(SLICE_EVENTS).unwrap_or(usize::MAX);
    if !complete {
        events.pop();
    }
    let mut rendered = Rendered::default();
    for event in &events {
        render::one(tx, event, &mut rendered)?;
    }
    let reached = events.last().map_or(now.pts, |event| event.pts);
    let reached_date = events.last().map_or(now.date, |event| event.date.wire());
    let users = rendered.mentioned.users(tx, owner, presence)?;
    let (new_messages, other_updates) = split(&events, rendered.updates);
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

/// New messages stand in a list of their own; the rest stays as updates. A new message that is gone
/// again needs no word at all here, as the whole range of `pts` is covered.
fn split(events: &[events::Event], updates: Vec<enums::Update>) -> (Vec<enums::Message>, Vec<enums::Update>) {
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
