//! Saying a thing once that happens a thousand times.

use crate::Time;

/// How long what was said is not said again.
const QUIET_MILLIS: i64 = 10_000;
/// Things remembered; the one that was said longest ago gives way.
const THINGS: usize = 32;

/// Remembers what was said, and how often it happened since.
#[derive(Debug, Default)]
pub struct Repeats {
    said: Vec<Said>,
}

#[derive(Debug)]
struct Said {
    what: String,
    at: Time,
    kept_back: u64,
}

impl Repeats {
    /// Something happens. `Some(n)`: it is time to say it; it happened `n` times more since it was said last.
    pub fn note(&mut self, now: Time, what: &str) -> Option<u64> {
        if let Some(said) = self.said.iter_mut().find(|said| said.what == what) {
            // A clock that was set back must not silence anything.
            if (said.at..said.at.plus_millis(QUIET_MILLIS)).contains(&now) {
                said.kept_back += 1;
                return None;
            }
            said.at = now;
            return Some(std::mem::take(&mut said.kept_back));
        }
        if self.said.len() >= THINGS
            && let Some(oldest) = (0..self.said.len()).min_by_key(|index| self.said[*index].at)
        {
            self.said.swap_remove(oldest);
        }
        self.said.push(Said { what: what.to_owned(), at: now, kept_back: 0 });
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_700_000_000_000);

    #[test]
    fn a_thing_is_said_once_in_a_while() {
        let mut repeats = Repeats::default();
        assert_eq!(repeats.note(NOW, "full"), Some(0));
        assert_eq!(repeats.note(NOW.plus_millis(1), "full"), None);
        assert_eq!(repeats.note(NOW.plus_millis(1), "gone"), Some(0));
        assert_eq!(repeats.note(NOW.plus_secs(9), "full"), None);
        assert_eq!(repeats.note(NOW.plus_secs(10), "full"), Some(2));
        assert_eq!(repeats.note(NOW.plus_secs(11), "full"), None);
    }

    #[test]
    fn a_clock_set_back_silences_nothing() {
        let mut repeats = Repeats::default();
        repeats.note(NOW, "full");
        assert_eq!(repeats.note(NOW.plus_secs(-3600), "full"), Some(0));
    }

    #[test]
    fn many_things_push_out_old_ones() {
        let mut repeats = Repeats::default();
        for number in 0..10 * THINGS {
            let at = NOW.plus_millis(i64::try_from(number).unwrap());
            assert_eq!(repeats.note(at, &number.to_string()), Some(0));
        }
        assert_eq!(repeats.said.len(), THINGS);
    }
}
