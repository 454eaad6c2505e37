//! What a committed write tells those who wait for news.

use crate::{SessionRef, Time, UserId};

/// What is new about somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// First name, last name or username.
    Names,
    /// Anything else that the full profile shows.
    Profile,
}

/// A wake-up call: something changed; the event log says what. Losing one costs time, never data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint {
    /// The box of `owner` has a new event at `pts` (and, beside those that `pts` counts, at `sub`).
    /// `origin` is the session whose own request caused it and whose answer already tells of it.
    Box { owner: UserId, pts: i32, sub: i32, origin: Option<SessionRef> },
    /// The key now belongs to `user`, or to nobody. `close`: another device turned this one out, and its
    /// connections are to be closed, so that its client comes back and finds out.
    Key { auth_key_id: i64, user: Option<UserId>, close: bool },
    /// Whose the key is may have changed: what is known of it has to be read again.
    KeyUnknown { auth_key_id: i64 },
    /// The QR code that the device of this key shows was accepted.
    LoginToken { auth_key_id: i64, date: Time },
    /// There is news about `user` for those who know them.
    User { user: UserId, news: News },
}

impl Hint {
    /// What can be said when nobody knows whether the write took effect.
    #[must_use]
    pub fn perhaps(self) -> Self {
        match self {
            Self::Key { auth_key_id, .. } => Self::KeyUnknown { auth_key_id },
            // Whoever hears of the others looks at the store, and finds nothing new at worst.
            other => other,
        }
    }
}
