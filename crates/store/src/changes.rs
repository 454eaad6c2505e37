//! How long something that was read about people stays true.
//!
//! Who is shown how depends on few rows that change seldom: the account, the contacts, the rules and the
//! blocks of both sides. Whoever keeps what it made of them asks here, by the moment at which it read them,
//! whether they are still the same.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::{SharedClock, Time, UserId};

use crate::limits;

/// People share these; a change to one of them looks like a change to all that share its place.
const PLACES: usize = 1 << 14;

/// Tables whose rows belong to somebody and decide how people are shown.
const TABLES: [&str; 4] = ["users", "contacts", "privacy", "blocks"];

/// A moment in the order of this process's commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    commits: u64,
    at: Time,
}

/// Whom commits concerned, latest commit first.
pub struct Changes {
    places: Box<[AtomicU64]>,
    commits: AtomicU64,
    /// Whether nobody else writes to the database. Where others may, what was read is true for a moment only.
    alone: bool,
    clock: SharedClock,
}

impl Changes {
    pub(crate) fn new(alone: bool, clock: SharedClock) -> Self {
        let places = (0..PLACES).map(|_| AtomicU64::new(0)).collect();
        Self { places, commits: AtomicU64::new(0), alone, clock }
    }

    /// The present moment, to be taken before anything is read.
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp { commits: self.commits.load(Ordering::SeqCst), at: self.clock.now() }
    }

    /// Whether what was read of these people at a moment, or later, is so still.
    pub fn unchanged(&self, people: [UserId; 2], since: Stamp) -> bool {
        let is_fresh = || (0..limits::OTHERS_WRITE_MS).contains(&(self.clock.now().0 - since.at.0));
        let unchanged = |user: &UserId| self.places[place(*user)].load(Ordering::SeqCst) <= since.commits;
        people.iter().all(unchanged) && (self.alone || is_fresh())
    }

    /// A commit is durable, or may be, that concerned these people. Called before it is answered.
    pub(crate) fn note(&self, people: &[UserId]) {
        if people.is_empty() {
            return;
        }
        let commit = self.commits.load(Ordering::SeqCst) + 1;
        for user in people {
            self.places[place(*user)].store(commit, Ordering::SeqCst);
        }
        // Whoever takes the new stamp reads after the commit, and whoever took an older one is told of it.
        self.commits.store(commit, Ordering::SeqCst);
    }
}

/// Whether a statement writes what decides how people are shown.
pub(crate) fn concern(sql: &str) -> bool {
    let table = ["INSERT INTO ", "UPDATE ", "DELETE FROM "].iter().find_map(|verb| sql.strip_prefix(verb));
    table.is_some_and(|rest| TABLES.iter().any(|table| rest.split(' ').next() == Some(table)))
}

fn place(user: UserId) -> usize {
    usize::try_from(user.0.rem_euclid(PLACES as i64)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::testing::ManualClock;

    use super::*;

    const ANN: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    #[test]
    fn what_was_read_before_a_change_is_not_true_after_it() {
        for alone in [true, false] {
            let changes = Changes::new(alone, Arc::new(ManualClock::new(Time::from_secs(1_000_000))));
            let before = changes.stamp();
            assert!(changes.unchanged([ANN, BOB], before));
            changes.note(&[ANN]);
            assert!(!changes.unchanged([ANN, BOB], before));
            assert!(!changes.unchanged([BOB, ANN], before));
            assert!(changes.unchanged([BOB, BOB], before));
            let after = changes.stamp();
            assert!(changes.unchanged([ANN, BOB], after));
            changes.note(&[]);
            assert_eq!(changes.stamp(), after);
        }
    }

    #[test]
    fn where_others_write_nothing_is_true_for_long() {
        for (alone, then) in [(true, true), (false, false)] {
            let clock = Arc::new(ManualClock::new(Time::from_secs(1_000_000)));
            let changes = Changes::new(alone, clock.clone());
            let stamp = changes.stamp();
            clock.advance_millis(limits::OTHERS_WRITE_MS - 1);
            assert!(changes.unchanged([ANN, BOB], stamp));
            clock.advance_millis(1);
            assert_eq!(changes.unchanged([ANN, BOB], stamp), then);
        }
    }

    #[test]
    fn statements_that_concern_people() {
        for sql in ["INSERT INTO users (id", "UPDATE contacts SET", "DELETE FROM blocks WHERE"] {
            assert!(concern(sql), "{sql}");
        }
        for sql in ["SELECT 1 FROM users", "UPDATE usersx SET", "INSERT INTO messages (owner"] {
            assert!(!concern(sql), "{sql}");
        }
    }
}
