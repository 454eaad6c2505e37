//! What a committed write tells those who wait for news.

/// A wake-up call: something changed; the event log says what. Losing one costs time, never data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// The box of `owner` has new events up to `pts`. `origin` is the auth key whose own request
    /// caused them and whose answer already tells of them.
    Box { owner: i64, pts: i32, origin: Option<i64> },
}
