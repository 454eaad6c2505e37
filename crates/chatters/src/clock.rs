//! The server's time: the system's, but it never goes back.
//!
//! Identifiers of messages are made of it, and within a session they may only rise: a server whose time goes back by
//! an hour can tell clients nothing for an hour that they would believe. So when the system's clock is set back, the
//! server keeps its own time, which goes on with the monotonic clock, a little slower than that until both are
//! the same again. A clock that is set ahead is followed at once. A start takes the system's clock as it is.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, TryLockError};

use domain::{Clock, Time};
use meters::Stopwatch;
use tracing::{info, warn};

use crate::system::SystemClock;

/// Of every second, the milliseconds by which a server that is ahead goes slower. A client that took the time at the
/// begin of its session is 30 seconds ahead, as far as it may be, after 50 minutes; the next thing that it asks is
/// then refused with the right time, and it asks again.
const SLEW_PER_MILLE: i64 = 10;
/// What is less is not worth a line in the log.
const STEP_MILLIS: i64 = 1_000;
/// How often both clocks are compared, unless one has jumped ahead.
const COMPARE_MILLIS: i64 = 1_000;

/// The clock of the process: made once, so that there is one time.
pub(crate) struct SteadyClock {
    running: Stopwatch,
    steady: Steady,
}

impl SteadyClock {
    pub(crate) fn start() -> Self {
        let running = Stopwatch::start();
        Self { steady: Steady::new(SystemClock.now().0, millis(&running)), running }
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Time {
        Time(self.steady.tell(SystemClock.now().0, millis(&self.running)))
    }
}

fn millis(running: &Stopwatch) -> i64 {
    i64::try_from(running.micros() / 1000).unwrap_or(i64::MAX)
}

/// The same with both clocks as arguments, in milliseconds: `wall` since the epoch, `running` since any moment.
struct Steady {
    /// The server's own time less the running clock's.
    base: AtomicI64,
    /// The latest time that was told.
    last: AtomicI64,
    /// When, on the running clock, both are compared again.
    due: AtomicI64,
    compared: Mutex<Compared>,
}

struct Compared {
    /// On the running clock.
    at: i64,
    /// How far the server was ahead then.
    ahead: i64,
    /// The operator was told that it is, and not yet that it is no more.
    is_told: bool,
}

impl Steady {
    fn new(wall: i64, running: i64) -> Self {
        Self {
            base: AtomicI64::new(wall - running),
            last: AtomicI64::new(wall),
            due: AtomicI64::new(running + COMPARE_MILLIS),
            compared: Mutex::new(Compared { at: running, ahead: 0, is_told: false }),
        }
    }

    fn tell(&self, wall: i64, running: i64) -> i64 {
        let own = running + self.base.load(Ordering::Relaxed);
        if running >= self.due.load(Ordering::Relaxed) || wall >= own + STEP_MILLIS {
            self.compare(wall, running);
        }
        let now = wall.max(running + self.base.load(Ordering::Relaxed));
        let last = self.last.load(Ordering::Relaxed);
        if now <= last {
            return last;
        }
        self.last.fetch_max(now, Ordering::Relaxed).max(now)
    }

    /// Takes the wall clock's time where it is later; else comes closer to it.
    fn compare(&self, wall: i64, running: i64) {
        let mut compared = match self.compared.try_lock() {
            Ok(compared) => compared,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // Somebody else is at it.
            Err(TryLockError::WouldBlock) => return,
        };
        // Threads may get here later than one that read the clocks after them.
        let elapsed = (running - compared.at).max(0);
        compared.at += elapsed;
        let base = self.base.load(Ordering::Relaxed);
        let ahead = running + base - wall;
        let slewed = (elapsed * SLEW_PER_MILLE / 1000).min(ahead.max(0));
        let left = (ahead - slewed).max(0);
        self.base.store(if ahead <= 0 { wall - running } else { base - slewed }, Ordering::Relaxed);
        self.due.store(running + COMPARE_MILLIS, Ordering::Relaxed);
        compared.tell_operator(ahead, left);
        compared.ahead = left;
        meters::CLOCK_AHEAD_SECONDS.set(left / 1000);
    }
}

impl Compared {
    fn tell_operator(&mut self, ahead: i64, left: i64) {
        if ahead >= self.ahead + STEP_MILLIS {
            self.is_told = true;
            let (secs, hours) = ((ahead - self.ahead) / 1000, left / SLEW_PER_MILLE / 3600);
            let ahead_secs = left / 1000;
            warn!(
                secs,
                ahead_secs,
                hours_until_equal = hours,
                "the system's clock was set back; the server's time goes on and comes closer slowly (a restart takes the \
                 system's)"
            );
        } else if ahead <= self.ahead - STEP_MILLIS {
            let secs = (self.ahead - ahead) / 1000;
            warn!(secs, ahead_secs = left / 1000, "the system's clock was set ahead");
        }
        if self.is_told && left == 0 {
            self.is_told = false;
            info!("the server's time is the system's again");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: i64 = 1_800_000_000_000;
    const HOUR: i64 = 3_600_000;

    /// A clock that was started at `WALL`, and the running clock.
    struct Bench {
        steady: Steady,
        running: i64,
        last: i64,
    }

    impl Bench {
        fn new() -> Self {
            Self { steady: Steady::new(WALL, 500), running: 500, last: WALL }
        }

        /// What is told `millis` later with the wall clock that far off; checks that it does not go back.
        fn after(&mut self, millis: i64, off: i64) -> i64 {
            self.running += millis;
            let now = self.steady.tell(self.wall(off), self.running);
            assert!(now >= self.last, "{now} after {}", self.last);
            self.last = now;
            now
        }

        fn wall(&self, off: i64) -> i64 {
            WALL + self.running - 500 + off
        }

        /// Lets time pass as it does while people ask, and tells how far the server is ahead then.
        fn pass(&mut self, millis: i64, off: i64) -> i64 {
            for _ in 0..millis / 250 {
                self.after(250, off);
            }
            self.last - self.wall(off)
        }
    }

    #[test]
    fn it_is_the_systems_clock() {
        let mut bench = Bench::new();
        for millis in [0, 1, 7, 999, 5_000, HOUR] {
            let now = bench.after(millis, 0);
            assert_eq!(now, bench.wall(0));
        }
    }

    #[test]
    fn a_clock_set_ahead_is_followed() {
        let mut bench = Bench::new();
        bench.pass(10_000, 0);
        assert_eq!(bench.after(1, HOUR), bench.wall(HOUR));
        // Even when it is right again within a moment, what was told was told.
        assert!(bench.after(1, 0) >= bench.wall(HOUR) - 1);
    }

    #[test]
    fn a_clock_set_back_is_approached_slowly() {
        let mut bench = Bench::new();
        bench.pass(10_000, 0);
        assert!((HOUR - 20..=HOUR).contains(&bench.pass(1_000, -HOUR)));
        // Time goes on meanwhile, by 99 of 100 parts.
        let before = bench.last;
        bench.pass(100_000, -HOUR);
        assert!((98_900..=99_100).contains(&(bench.last - before)), "{}", bench.last - before);
        assert!((HOUR - 1_030..=HOUR - 980).contains(&bench.pass(0, -HOUR)));
        // A second step back adds to it, one ahead takes from it.
        assert!(bench.pass(1_000, -2 * HOUR) > 2 * HOUR - 1_100);
        assert!(bench.pass(1_000, -60_000) < 2 * HOUR);
        assert!(bench.pass(1_000, 0) == 0);
    }

    #[test]
    fn both_meet_again() {
        let mut bench = Bench::new();
        assert!(bench.pass(2_000, -5_000) > 4_900);
        assert!(bench.pass(495_000, -5_000) > 0);
        assert_eq!(bench.pass(10_000, -5_000), 0);
        assert_eq!(bench.after(1, -5_000), bench.wall(-5_000));
    }

    /// A daemon that corrects the clock by slowing it down does not make the server drift away from it.
    #[test]
    fn a_clock_that_is_slowed_down_is_followed() {
        let mut bench = Bench::new();
        for second in 1..10_000 {
            let off = -second / 2;
            let now = bench.after(1_000, off);
            assert!(now - bench.wall(off) <= 1, "{second}: {}", now - bench.wall(off));
        }
    }

    #[test]
    fn all_threads_have_one_time() {
        let clock = SteadyClock::start();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut last = clock.now();
                    for _ in 0..10_000 {
                        let now = clock.now();
                        assert!(now >= last);
                        last = now;
                    }
                });
            }
        });
    }

    #[test]
    fn the_operator_is_told_once() {
        let mut compared = Compared { at: 0, ahead: 0, is_told: false };
        let mut told = |ahead: i64| {
            compared.tell_operator(ahead, ahead);
            compared.ahead = ahead;
            compared.is_told
        };
        assert!(!told(STEP_MILLIS / 2) && told(HOUR) && told(HOUR - 10));
        assert!(!told(0) && !told(1));
    }
}
