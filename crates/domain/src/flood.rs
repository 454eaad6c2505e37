//! How often something may be done: the arithmetic of flood limits, and every budget by name.
//!
//! The caller keeps a [`Window`] per budget and subject (in a row, or in memory); nothing here remembers.

use crate::{Fault, Time};

/// So many times in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Names the budget where windows are kept, together with the subject.
    pub name: &'static str,
    pub limit: u32,
    pub window_secs: i64,
}

/// What has been used of a budget since `start`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub start: Time,
    pub count: u32,
}

impl Budget {
    /// Uses the budget once. Gives the window to keep, or `FLOOD_WAIT_x` until the window ends; a refused try
    /// costs nothing, so that a client that waits as told gets through.
    pub fn take(&self, window: Option<Window>, now: Time) -> Result<Window, Fault> {
        self.take_many(window, now, 1)
    }

    /// Uses the budget `n` times at once (a batch), all or nothing. A batch above the whole limit passes when
    /// nothing else was used, and fills the window: batches have a limit of their own.
    pub fn take_many(&self, window: Option<Window>, now: Time, n: u32) -> Result<Window, Fault> {
        let window = self.current(window, now);
        let count = window.count.saturating_add(n);
        if count <= self.limit || window.count == 0 {
            Ok(Window { count, ..window })
        } else {
            Err(Fault::flood_wait(self.left_secs(window, now)))
        }
    }

    /// The wait that a [`Budget::take`] would be refused with, in seconds.
    pub fn wait_secs(&self, window: Option<Window>, now: Time) -> Option<i64> {
        let window = self.current(window, now);
        (window.count >= self.limit).then(|| self.left_secs(window, now))
    }

    /// A window that has ended, or that a clock set back left in the future, begins anew.
    fn current(&self, window: Option<Window>, now: Time) -> Window {
        window
            .filter(|w| w.start <= now && now < w.start.plus_secs(self.window_secs))
            .unwrap_or(Window { start: now, count: 0 })
    }

    /// Whole seconds until the window ends, rounded up.
    fn left_secs(&self, window: Window, now: Time) -> i64 {
        let millis = window.start.plus_secs(self.window_secs).0 - now.0;
        (millis + 999).div_euclid(1000).max(1)
    }
}

macro_rules! budgets {
    ($($(#[$doc:meta])* $name:ident = $limit:literal per $secs:expr;)*) => {
        $($(#[$doc])* pub const $name: Budget =
            Budget { name: stringify!($name), limit: $limit, window_secs: $secs };)*

        /// Every budget, for documentation and tests.
        pub const ALL: &[Budget] = &[$($name),*];
    };
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

budgets! {
    /// Codes sent to one phone number.
    SEND_CODE_PHONE = 5 per HOUR;
    /// Codes asked for from one network address ([`crate::address::network`]); many people share one.
    SEND_CODE_ADDRESS = 100 per HOUR;
    /// Wrong codes typed for one phone number, over all codes.
    SIGN_IN_PHONE = 15 per DAY;
    /// Codes for the deactivation page sent to one phone number.
    DEACTIVATE_PHONE = 3 per DAY;
    /// Such codes asked for from one network address.
    DEACTIVATE_ADDRESS = 20 per HOUR;
    /// Codes typed on the deactivation page from one network address.
    DEACTIVATE_TRIES = 30 per HOUR;
    /// Codes mailed to prove an address, for one address and for one auth key.
    EMAIL_CODES = 5 per HOUR;
    /// Wrong codes typed for addresses, for one number.
    EMAIL_TRIES = 15 per DAY;
    /// Sign-ins and sign-ups tried with one auth key.
    SIGN_IN_KEY = 20 per HOUR;
    /// Wrong two-step passwords of one account.
    CHECK_PASSWORD = 10 per HOUR;
    /// QR tokens made by one auth key: clients renew one each 30 seconds.
    EXPORT_LOGIN_TOKEN = 60 per 10 * MINUTE;
    /// Numbers in `contacts.importContacts`, per user.
    IMPORT_CONTACTS = 5000 per DAY;
    /// `contacts.resolvePhone`, per user.
    RESOLVE_PHONE = 50 per HOUR;
    /// `contacts.resolveUsername`, per user.
    RESOLVE_USERNAME = 200 per HOUR;
    /// `contacts.search`, `messages.searchGlobal` and `messages.search`, per user.
    SEARCH = 120 per MINUTE;
    /// Messages of one user.
    SEND_MESSAGES = 1200 per MINUTE;
    /// People whom one user writes to first, without being in their contacts.
    STRANGERS = 50 per DAY;
    /// Times that one user goes online or offline so that others are told. In memory.
    STATUS_CHANGES = 10 per MINUTE;
    /// `messages.setTyping`, per user. In memory.
    TYPING = 60 per MINUTE;
    /// Takeouts begun by one user.
    TAKEOUT = 10 per DAY;
    /// Changes of profile fields, per user.
    UPDATE_PROFILE = 30 per HOUR;
    /// `account.checkUsername`, per user.
    CHECK_USERNAME = 120 per HOUR;
    /// Changes of the username, per user.
    UPDATE_USERNAME = 20 per HOUR;
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Budget = Budget { name: "TEST", limit: 3, window_secs: 10 };

    #[test]
    fn a_window_fills_refuses_and_ends() {
        let at = |millis: i64| Time(1_000_000).plus_millis(millis);
        let mut window = None;
        for (millis, expected) in [
            (0, Ok(1)),
            (1_000, Ok(2)),
            (2_000, Ok(3)),
            (2_001, Err(8)),
            (9_999, Err(1)),
            (10_000, Ok(1)),
            (10_001, Ok(2)),
        ] {
            let now = at(millis);
            match (BUDGET.take(window, now), expected) {
                (Ok(next), Ok(count)) => {
                    assert_eq!(next.count, count, "at {millis}");
                    window = Some(next);
                }
                (got, expected) => {
                    let expected: Result<Window, Fault> =
                        expected.map(|_| unreachable!()).map_err(Fault::flood_wait);
                    assert_eq!(got, expected, "at {millis}");
                    assert!(BUDGET.wait_secs(window, now).is_some(), "at {millis}");
                }
            }
        }
    }

    #[test]
    fn batches_are_all_or_nothing() {
        let now = Time(0);
        let one = BUDGET.take(None, now).unwrap();
        assert_eq!(BUDGET.take_many(Some(one), now, 2).map(|w| w.count), Ok(3));
        assert_eq!(BUDGET.take_many(Some(one), now, 3), Err(Fault::flood_wait(10)));
        let full = BUDGET.take_many(None, now, 50).unwrap();
        assert_eq!(BUDGET.take(Some(full), now), Err(Fault::flood_wait(10)));
        assert_eq!(BUDGET.take_many(Some(full), now, u32::MAX), Err(Fault::flood_wait(10)));
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let full = Window { start: Time::from_secs(1_000_000), count: 3 };
        assert_eq!(BUDGET.take(Some(full), Time::from_secs(5)).map(|w| w.count), Ok(1));
    }

    #[test]
    fn budgets_are_named_once() {
        let mut names: Vec<_> = ALL.iter().map(|budget| budget.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        assert!(ALL.iter().all(|budget| budget.limit > 0 && budget.window_secs > 0));
    }
}
