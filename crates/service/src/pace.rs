//! Budgets that are kept in memory: of calls that leave nothing in the store, and of those that are too many to
//! be counted there.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::flood::{Budget, Window};
use domain::{Fault, Time, UserId};

/// Budgets remembered at once. Beyond it, those that are over are forgotten, and if that is not enough, all.
const WINDOWS_MAX: usize = 100_000;

/// What people used of such budgets. A restart forgets it.
#[derive(Default)]
pub struct Pace {
    windows: Mutex<HashMap<(&'static str, UserId), (Window, Time)>>,
}

impl Pace {
    /// Whether a budget would let one more through. Takes nothing.
    ///
    /// Errors: `FLOOD_WAIT_x`.
    pub fn check(&self, budget: &Budget, user: UserId, now: Time) -> Result<(), Fault> {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.get(&(budget.name, user)).map(|(window, _)| *window);
        budget.take(window, now).map(drop)
    }

    /// Uses a budget once.
    ///
    /// Errors: `FLOOD_WAIT_x`.
    pub fn take(&self, budget: &Budget, user: UserId, now: Time) -> Result<(), Fault> {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= WINDOWS_MAX {
            windows.retain(|_, (_, end)| *end > now);
            if windows.len() >= WINDOWS_MAX {
                windows.clear();
            }
        }
        let key = (budget.name, user);
        let window = budget.take(windows.get(&key).map(|(window, _)| *window), now)?;
        windows.insert(key, (window, window.start.plus_secs(budget.window_secs)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::flood::TYPING;

    use super::*;

    #[test]
    fn everybody_has_a_budget_of_their_own() {
        let pace = Pace::default();
        let now = Time::from_secs(1_000_000);
        for _ in 0..TYPING.limit {
            assert_eq!(pace.take(&TYPING, UserId(1), now), Ok(()));
        }
        assert!(pace.take(&TYPING, UserId(1), now).is_err());
        assert_eq!(pace.take(&TYPING, UserId(2), now), Ok(()));
        assert_eq!(pace.take(&TYPING, UserId(1), now.plus_secs(TYPING.window_secs)), Ok(()));
    }

    #[test]
    fn a_crowd_does_not_fill_the_memory() {
        let pace = Pace::default();
        let size = i64::try_from(WINDOWS_MAX).unwrap();
        for user in 0..size + 10 {
            pace.take(&TYPING, UserId(user), Time::from_secs(user / 1000)).unwrap();
        }
        assert!(pace.windows.lock().unwrap().len() <= WINDOWS_MAX);
    }
}
