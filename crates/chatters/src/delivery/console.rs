//! Every sign-in code, for the operator: kept in memory for a short time, shown by `chatters codes`.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::{SharedClock, Time};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// Codes shown at most, and for how long.
const CODES: usize = 256;
const CODE_SECS: i64 = 10 * 60;

/// A code as `chatters codes --json` shows it. Not `Debug`: it must not be logged.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PendingCode {
    /// Counts up while the server runs.
    pub(crate) number: u64,
    /// When it was made: unix milliseconds.
    pub(crate) at: i64,
    /// International form, with the plus sign.
    pub(crate) phone: String,
    pub(crate) code: String,
}

/// The codes that wait. In memory only: a restart forgets them.
pub(crate) struct CodeBoard {
    clock: SharedClock,
    /// Also on standard output.
    is_printed: bool,
    codes: Mutex<Codes>,
    news: Notify,
}

#[derive(Default)]
struct Codes {
    last_number: u64,
    waiting: VecDeque<PendingCode>,
}

impl CodeBoard {
    pub(crate) fn new(clock: SharedClock, is_printed: bool) -> Self {
        Self { clock, is_printed, codes: Mutex::default(), news: Notify::new() }
    }

    /// `phone` without the plus sign.
    pub(crate) fn show(&self, phone: &str, code: &str) {
        let now = self.clock.now();
        let mut codes = self.codes(now);
        codes.last_number += 1;
        let code = PendingCode {
            number: codes.last_number,
            at: now.0,
            phone: format!("+{phone}"),
            code: code.to_owned(),
        };
        if self.is_printed {
            println!("code: {} {}", code.phone, code.code);
        }
        if codes.waiting.len() >= CODES {
            codes.waiting.pop_front();
        }
        codes.waiting.push_back(code);
        drop(codes);
        self.news.notify_waiters();
    }

    /// The codes numbered above `number`, oldest first.
    pub(crate) fn after(&self, number: u64) -> Vec<PendingCode> {
        let codes = self.codes(self.clock.now());
        codes.waiting.iter().filter(|code| code.number > number).cloned().collect()
    }

    /// The same, but waits until there is one.
    pub(crate) async fn wait_after(&self, number: u64) -> Vec<PendingCode> {
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            // Registered before looking, so that no code falls in between.
            news.as_mut().enable();
            let codes = self.after(number);
            if !codes.is_empty() {
                return codes;
            }
            news.await;
        }
    }

    fn codes(&self, now: Time) -> MutexGuard<'_, Codes> {
        let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = now.plus_secs(-CODE_SECS).0;
        codes.waiting.retain(|code| code.at > oldest);
        codes
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::testing::ManualClock;

    use super::*;

    const PHONE: &str = "15550100123";

    fn codes(found: &[PendingCode]) -> Vec<&str> {
        found.iter().map(|code| code.code.as_str()).collect()
    }

    #[tokio::test]
    async fn codes_are_shown_until_they_are_old() {
        let clock = Arc::new(ManualClock::new(Time(1_700_000_000_000)));
        let board = CodeBoard::new(clock.clone(), false);
        board.show(PHONE, "11111");
        clock.advance_millis(1_000);
        board.show(PHONE, "22222");
        let all = board.after(0);
        assert_eq!(codes(&all), ["11111", "22222"]);
        assert_eq!(all[0].phone, "+15550100123");
        assert_eq!(codes(&board.wait_after(all[0].number).await), ["22222"]);
        clock.advance_millis(CODE_SECS * 1000 - 1_000);
        assert_eq!(codes(&board.after(0)), ["22222"]);
        clock.advance_millis(1_000);
        assert!(board.after(0).is_empty());
    }

    #[tokio::test]
    async fn who_waits_sees_the_next_code() {
        let clock = Arc::new(ManualClock::new(Time(1_700_000_000_000)));
        let board = Arc::new(CodeBoard::new(clock, false));
        let (found, ()) = tokio::join!(board.wait_after(0), async {
            tokio::task::yield_now().await;
            board.show(PHONE, "33333");
        });
        assert_eq!(codes(&found), ["33333"]);
    }

    #[test]
    fn a_flood_of_codes_is_bounded() {
        let clock = Arc::new(ManualClock::new(Time(1_700_000_000_000)));
        let board = CodeBoard::new(clock, false);
        for _ in 0..CODES + 5 {
            board.show(PHONE, "44444");
        }
        assert_eq!(board.after(0).len(), CODES);
        assert_eq!(board.after(0)[0].number, 6);
    }
}
