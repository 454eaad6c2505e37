//! Who is online, and since when not.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::privacy::Presence as Seen;
use domain::{Time, UserId};

/// How long one sign of life keeps a user online.
pub const ONLINE_SECS: i64 = 300;

/// The presence of this node's users. Kept in memory; the time last seen is also in the store.
#[derive(Default)]
pub struct Presence {
    seen: Mutex<HashMap<UserId, Seen>>,
}

impl Presence {
    pub fn of(&self, user: UserId) -> Seen {
        self.lock().get(&user).copied().unwrap_or_default()
    }

    /// The user is at a device. Returns whether they were offline before.
    pub fn online(&self, user: UserId, now: Time) -> bool {
        let mut seen = self.lock();
        let entry = seen.entry(user).or_default();
        let was_offline = entry.online_until.is_none_or(|until| until <= now);
        entry.online_until = Some(now.plus_secs(ONLINE_SECS));
        entry.was_online = Some(now);
        was_offline
    }

    /// The user went away. Returns whether they were online before.
    pub fn offline(&self, user: UserId, now: Time) -> bool {
        let mut seen = self.lock();
        let entry = seen.entry(user).or_default();
        let was_online = entry.online_until.is_some_and(|until| until > now);
        entry.online_until = None;
        entry.was_online = Some(now);
        was_online
    }

    /// Takes out those who went away silently, with the time they were last known to be there.
    pub fn expire(&self, now: Time) -> Vec<(UserId, Time)> {
        let mut gone = Vec::new();
        for (user, entry) in self.lock().iter_mut() {
            if let Some(until) = entry.online_until.filter(|until| *until <= now) {
                entry.online_until = None;
                entry.was_online = Some(until);
                gone.push((*user, until));
            }
        }
        gone
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<UserId, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
