//! What is kept of the store in memory, so that a message reaches those who are connected without being read
//! again: the messages that have just arrived, and how people are shown to each other.
//!
//! Nothing here is needed. What is not there is read.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{UserId, limits};
use lru::LruCache;
use store::messages::Message;
use store::{Changes, Committed, Stamp};

use crate::people::Shown;

/// How one is shown to another: viewer, then who is seen.
type Pair = (UserId, UserId);

pub(crate) struct Memory {
    changes: Arc<Changes>,
    people: Mutex<LruCache<Pair, (Arc<Shown>, Stamp)>>,
    /// By the box and the `pts` at which they came into it.
    arrived: Mutex<LruCache<(UserId, i32), Arc<Message>>>,
}

impl Memory {
    pub(crate) fn new(changes: Arc<Changes>) -> Self {
        let size = |size| NonZeroUsize::new(size).unwrap_or(NonZeroUsize::MIN);
        Self {
            changes,
            people: Mutex::new(LruCache::new(size(limits::REMEMBERED_PEOPLE))),
            arrived: Mutex::new(LruCache::new(size(limits::REMEMBERED_MESSAGES))),
        }
    }

    /// How `seen` is shown to `viewer`, if nothing changed since that was found out.
    pub(crate) fn shown(&self, viewer: UserId, seen: UserId) -> Option<Arc<Shown>> {
        let (shown, stamp) = lock(&self.people).get(&(viewer, seen)).cloned()?;
        self.changes.unchanged([viewer, seen], stamp).then_some(shown)
    }

    /// Keeps what was found out on a snapshot of that moment.
    pub(crate) fn keep(&self, viewer: UserId, seen: UserId, shown: &Arc<Shown>, stamp: Stamp) {
        lock(&self.people).put((viewer, seen), (Arc::clone(shown), stamp));
    }

    pub(crate) fn arrived(&self, owner: UserId, pts: i32) -> Option<Arc<Message>> {
        lock(&self.arrived).get(&(owner, pts)).cloned()
    }

    pub(crate) fn hear(&self, committed: Committed<'_>) {
        let mut arrived = lock(&self.arrived);
        for message in committed.arrived {
            arrived.put((message.owner, message.pts), Arc::clone(message));
        }
        if committed.altered.is_empty() {
            return;
        }
        // Most of them have arrived long ago: there is no index to keep for the few that have not.
        let altered: HashSet<_> = committed.altered.iter().copied().collect();
        let is_altered = |message: &Message| altered.contains(&(message.owner, message.id));
        let keys: Vec<_> = arrived.iter().filter(|(_, row)| is_altered(row)).map(|(key, _)| *key).collect();
        for key in keys {
            arrived.pop(&key);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
