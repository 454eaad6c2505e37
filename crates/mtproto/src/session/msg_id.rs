use crate::limits::{MSG_ID_FUTURE, MSG_ID_PAST};

/// Makes message identifiers: the time, and strictly increasing whatever the clock does.
///
/// Source: MTProto, "Detailed description", "Message identifier".
#[derive(Clone, Debug)]
pub struct MsgIds {
    last: i64,
}

impl Default for MsgIds {
    fn default() -> Self {
        Self { last: i64::MIN }
    }
}

impl MsgIds {
    /// The next identifier of a message from the server: odd, and 1 modulo 4 when it answers the client.
    pub fn next(&mut self, now: i64, answers: bool) -> i64 {
        self.advance(now, if answers { 1 } else { 3 })
    }

    /// The next identifier of a message from the client: divisible by 4.
    pub(super) fn next_client(&mut self, now: i64) -> i64 {
        self.advance(now, 0)
    }

    fn advance(&mut self, now: i64, low: i64) -> i64 {
        let by_time = from_time(now);
        let least = (self.last | 3).saturating_add(1);
        self.last = by_time.max(least) | low;
        self.last
    }
}

/// The lowest identifier of a moment, in unix milliseconds.
pub(super) fn from_time(now: i64) -> i64 {
    let (seconds, millis) = (now.div_euclid(1000), now.rem_euclid(1000));
    ((seconds << 32) | ((millis << 32) / 1000)) & !3
}

/// The moment of an identifier, in unix milliseconds.
pub(super) fn to_time(msg_id: i64) -> i64 {
    (msg_id >> 32) * 1000 + (((msg_id & 0xffff_ffff) * 1000) >> 32)
}

/// How an identifier stands to the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timeliness {
    TooLow,
    Timely,
    TooHigh,
}

/// Not over 300 seconds in the past, not over 30 in the future.
pub(super) fn timeliness(msg_id: i64, now: i64) -> Timeliness {
    let time = to_time(msg_id);
    if time < now.saturating_sub(MSG_ID_PAST) {
        Timeliness::TooLow
    } else if time > now.saturating_add(MSG_ID_FUTURE) {
        Timeliness::TooHigh
    } else {
        Timeliness::Timely
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000_123;

    #[test]
    fn identifiers_increase_even_when_the_clock_does_not() {
        let mut ids = MsgIds::default();
        let mut last = i64::MIN;
        for (step, answers) in [(0, true), (0, true), (0, false), (-60_000, true), (1, false), (-1, true)] {
            let id = ids.next(NOW + step, answers);
            assert!(id > last);
            assert_eq!(id & 3, if answers { 1 } else { 3 });
            last = id;
        }
        let mut ids = MsgIds::default();
        assert!((0..1000).all(|_| ids.next_client(NOW) % 4 == 0));
    }

    #[test]
    fn time_goes_in_and_comes_out() {
        for now in [0, 1, 999, 1000, NOW, NOW + 7] {
            assert!((to_time(from_time(now)) - now).abs() <= 1, "{now}");
            assert_eq!(from_time(now) >> 32, now / 1000);
        }
    }

    #[test]
    fn the_window_is_300_seconds_back_and_30_ahead() {
        for (offset, expected) in [
            (-300_100, Timeliness::TooLow),
            (-299_900, Timeliness::Timely),
            (0, Timeliness::Timely),
            (29_900, Timeliness::Timely),
            (30_100, Timeliness::TooHigh),
        ] {
            assert_eq!(timeliness(from_time(NOW + offset), NOW), expected, "{offset}");
        }
        assert_eq!(timeliness(0, NOW), Timeliness::TooLow);
        assert_eq!(timeliness(i64::MIN, NOW), Timeliness::TooLow);
        assert_eq!(timeliness(i64::MAX, NOW), Timeliness::TooHigh);
    }
}
