//! How far a call moved the caller's own box.

use domain::UserId;
use store::{StoreError, Tx, boxes};
use updates::log::{self, Event, Origin, Position};

/// Answer of the methods that have no updates of their own: the client moves its `pts` on by it, so the
/// count has to be exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Affected {
    /// The box's `pts` after the last of the call's events (the present one, if there were none).
    pub pts: i32,
    /// By how much the call's events raised it.
    pub pts_count: i32,
}

impl Affected {
    /// Counts an event that raised `pts` by `count`.
    pub fn note(&mut self, position: Position, count: i32) {
        self.pts = position.pts;
        self.pts_count += count;
    }

    /// Writes an event of the caller's box and counts it.
    pub fn append(
        &mut self,
        tx: &mut Tx<'_>,
        owner: UserId,
        event: Event,
        origin: Origin,
    ) -> Result<(), StoreError> {
        let count = event.count();
        let position = log::append(tx, owner, event, origin)?;
        self.note(position, count);
        Ok(())
    }

    /// The same, with the present `pts` where nothing happened.
    pub fn at_last(mut self, tx: &mut Tx<'_>, owner: UserId) -> Result<Self, StoreError> {
        if self.pts_count == 0 {
            self.pts = boxes::state(tx, owner)?.pts;
        }
        Ok(self)
    }
}

/// What a call did that takes a bounded number of messages at a time.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub affected: Affected,
    /// How many messages are left for the next call.
    pub left: i64,
}
