//! Whose boxes have news for the search index.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bus::{Bus, Signal};
use domain::{Hint, UserId};

/// Owners kept in memory. Beyond it all boxes are looked through instead.
const OWNERS_MAX: usize = 100_000;

/// A list that hints fill and the index job empties. A lost hint makes a message be found later (with the
/// next one in its box, or after the next start), never not at all: the log has everything.
pub struct Unindexed {
    state: Mutex<State>,
}

struct State {
    owners: BTreeSet<UserId>,
    /// Boxes above this owner have yet to be looked through; `None` once all were.
    scan: Option<UserId>,
}

impl Unindexed {
    /// A list that hears of every change. It begins with a look through all boxes: what happened before
    /// the start nobody heard.
    pub fn listen(bus: &dyn Bus) -> Arc<Self> {
        let state = State { owners: BTreeSet::new(), scan: Some(UserId(0)) };
        let list = Arc::new(Self { state: Mutex::new(state) });
        let heard = Arc::downgrade(&list);
        bus.subscribe(Box::new(move |signal| {
            if let (Some(list), Signal::Stored(Hint::Box { owner, .. })) = (heard.upgrade(), signal) {
                list.add(&[*owner]);
            }
        }));
        list
    }

    pub(crate) fn add(&self, owners: &[UserId]) {
        let mut state = self.lock();
        state.owners.extend(owners);
        if state.owners.len() > OWNERS_MAX {
            state.owners.clear();
            state.scan = Some(UserId(0));
        }
    }

    /// Takes up to `count` owners out, in rising order.
    pub(crate) fn take(&self, count: usize) -> Vec<UserId> {
        let mut state = self.lock();
        let mut taken = Vec::new();
        while taken.len() < count
            && let Some(owner) = state.owners.pop_first()
        {
            taken.push(owner);
        }
        taken
    }

    /// After which owner to look through the boxes, if that is to be done.
    pub(crate) fn scan(&self) -> Option<UserId> {
        self.lock().scan
    }

    /// The boxes up to here, or all of them, were looked through.
    pub(crate) fn scanned(&self, up_to: Option<UserId>) {
        self.lock().scan = up_to;
    }

    #[cfg(test)]
    fn is_empty(&self) -> bool {
        let state = self.lock();
        state.owners.is_empty() && state.scan.is_none()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_taken_in_order_and_once() {
        let list = Unindexed::listen(&bus::InProcess::default());
        assert!(!list.is_empty(), "the first look is due");
        list.scanned(None);
        list.add(&[UserId(3), UserId(1), UserId(3), UserId(2)]);
        assert_eq!(list.take(2), [UserId(1), UserId(2)]);
        assert_eq!(list.take(9), [UserId(3)]);
        assert!(list.is_empty());
    }

    #[test]
    fn too_many_owners_are_looked_for_instead() {
        let list = Unindexed::listen(&bus::InProcess::default());
        list.scanned(None);
        let many: Vec<UserId> = (1..).map(UserId).take(OWNERS_MAX + 1).collect();
        list.add(&many);
        assert_eq!((list.scan(), list.take(1).len()), (Some(UserId(0)), 0));
    }
}
