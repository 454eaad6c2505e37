//! How long something that was read about people stays true.
//!
//! Who is shown how depends on few rows that change seldom: the account, the contacts, the rules and the
//! blocks of both sides. Whoever keeps what it made of them asks here, by the moment at which it read them,
//! whether they are still the same.

use std::sync::atomic::{AtomicU64, Ordering};

use domain::UserId;

/// People share these; a change to one of them looks like a change to all that share its place.
const PLACES: usize = 1 << 14;

/// Tables whose rows belong to somebody and decide how people are shown.
const TABLES: [&str; 4] = ["users", "contacts", "privacy", "blocks"];

/// A moment in the order of commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(u64);

/// Whom commits concerned, latest commit first.
pub struct Changes {
    /// `None` where other processes write to the same database: then nothing is known.
    places: Option<Box<[AtomicU64]>>,
    commits: AtomicU64,
}

impl Changes {
    pub(crate) fn new(alone: bool) -> Self {
        let places = || (0..PLACES).map(|_| AtomicU64::new(0)).collect();
        Self { places: alone.then(places), commits: AtomicU64::new(0) }
    }

    /// The present moment, to be taken before anything is read.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        self.places.as_ref().map(|_| Stamp(self.commits.load(Ordering::SeqCst)))
    }

    /// Whether what was read of these people at a moment, or later, is so still.
    pub fn unchanged(&self, people: [UserId; 2], since: Stamp) -> bool {
        let Some(places) = &self.places else { return false };
        people.iter().all(|user| places[place(*user)].load(Ordering::SeqCst) <= since.0)
    }

    /// A commit is durable, or may be, that concerned these people. Called before it is answered.
    pub(crate) fn note(&self, people: &[UserId]) {
        let (Some(places), false) = (&self.places, people.is_empty()) else { return };
        let commit = self.commits.load(Ordering::SeqCst) + 1;
        for user in people {
            places[place(*user)].store(commit, Ordering::SeqCst);
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
    use super::*;

    const ANN: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    #[test]
    fn what_was_read_before_a_change_is_not_true_after_it() {
        let changes = Changes::new(true);
        let before = changes.stamp().unwrap();
        assert!(changes.unchanged([ANN, BOB], before));
        changes.note(&[ANN]);
        assert!(!changes.unchanged([ANN, BOB], before));
        assert!(!changes.unchanged([BOB, ANN], before));
        assert!(changes.unchanged([BOB, BOB], before));
        let after = changes.stamp().unwrap();
        assert!(changes.unchanged([ANN, BOB], after));
        changes.note(&[]);
        assert_eq!(changes.stamp(), Some(after));
    }

    #[test]
    fn where_others_write_nothing_is_known() {
        let changes = Changes::new(false);
        assert_eq!(changes.stamp(), None);
        changes.note(&[ANN]);
        assert!(!changes.unchanged([ANN, BOB], Stamp(9)));
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
