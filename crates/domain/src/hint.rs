//! What a committed write tells those who wait for news.

use crate::{SessionRef, UserId};

/// A wake-up call: something changed; the event log says what. Losing one costs time, never data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// The box of `owner` has a new event at `pts` (and, beside those that `pts` counts, at `sub`).
    /// `origin` is the session whose own request caused it and whose answer already tells of it.
    Box { owner: UserId, pts: i32, sub: i32, origin: Option<SessionRef> },
}
