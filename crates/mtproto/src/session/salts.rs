use crypto::Zeroizing;
use crypto::hash::hmac_sha256;

use crate::limits::{FUTURE_SALTS_MAX, SALT_EARLY, SALT_WINDOW_SECONDS};

pub use tl::service::FutureSalt;

const WINDOW: i64 = SALT_WINDOW_SECONDS * 1000;

/// What salts are derived from: known to every node of a server and to nobody else.
#[derive(Clone)]
pub struct SaltSecret(Zeroizing<[u8; 32]>);

impl SaltSecret {
    pub fn new(secret: [u8; 32]) -> Self {
        Self(Zeroizing::new(secret))
    }
}

impl std::fmt::Debug for SaltSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SaltSecret")
    }
}

/// The salts of one authorization key.
///
/// Time is cut into windows of half an hour. The salt of a window is a keyed hash of key identifier
/// and window, so that nothing has to be stored and any node finds the same; it is taken during its
/// window and the next one. The salt that the client has from the key exchange counts as another salt of
/// the window in which the key was made.
///
/// Source: MTProto, "Detailed description", "Server salt"; "Service messages", "Request for several
/// future salts".
#[derive(Clone)]
pub struct Salts {
    key: Zeroizing<[u8; 32]>,
    initial: i64,
    created: i64,
    /// The last window looked at, with the salts of the one before, itself, and the one after.
    cached: (i64, [i64; 3]),
}

impl Salts {
    /// `initial` comes from the key exchange, which ended at `created` (unix milliseconds).
    pub fn new(secret: &SaltSecret, auth_key_id: i64, initial: i64, created: i64) -> Self {
        let key = Zeroizing::new(hmac_sha256(&secret.0, &[b"server salt", &auth_key_id.to_le_bytes()]));
        Self { key, initial, created, cached: (i64::MIN, [0; 3]) }
    }

    /// The salt that clients are told to use.
    pub fn current(&mut self, now: i64) -> i64 {
        self.around(now)[1]
    }

    /// Whether a message with this salt is taken.
    pub fn accepts(&mut self, now: i64, salt: i64) -> bool {
        let [before, current, after] = self.around(now);
        let window = window(now);
        let next_begins = (window + 1) * WINDOW;
        salt == current
            || salt == before
            || (salt == after && now >= next_begins - SALT_EARLY)
            || (salt == self.initial && window <= self::window(self.created) + 1)
    }

    /// The current salt and those after it, `count` of them within bounds.
    pub fn future(&self, now: i64, count: i32) -> Vec<FutureSalt> {
        let count = usize::try_from(count).unwrap_or(0).clamp(1, FUTURE_SALTS_MAX) as i64;
        let first = window(now);
        let seconds = |window: i64| i32::try_from(window * SALT_WINDOW_SECONDS).unwrap_or(i32::MAX);
        (first..first + count)
            .map(|window| FutureSalt {
                valid_since: seconds(window),
                valid_until: seconds(window + 2),
                salt: self.derive(window),
            })
            .collect()
    }

    fn around(&mut self, now: i64) -> [i64; 3] {
        let window = window(now);
        if self.cached.0 != window {
            self.cached = (window, [window - 1, window, window + 1].map(|window| self.derive(window)));
        }
        self.cached.1
    }

    fn derive(&self, window: i64) -> i64 {
        let hash = hmac_sha256(&self.key, &[&window.to_le_bytes()]);
        i64::from_le_bytes(*hash.first_chunk().expect("32 bytes hold eight"))
    }
}

fn window(now: i64) -> i64 {
    now.div_euclid(WINDOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;
    /// The beginning of a window.
    const START: i64 = 1_000_000 * WINDOW;
    const INITIAL: i64 = 77;

    fn salts(auth_key_id: i64) -> Salts {
        Salts::new(&SaltSecret::new([1; 32]), auth_key_id, INITIAL, START + 10 * MINUTE)
    }

    #[test]
    fn a_salt_is_taken_in_its_window_and_the_next() {
        let salt = salts(5).current(START + MINUTE);
        for (minutes, expected) in [
            (-2, false),
            (-1, true),
            (0, true),
            (29, true),
            (30, true),
            (59, true),
            (60, false),
            (600, false),
        ] {
            assert_eq!(salts(5).accepts(START + minutes * MINUTE, salt), expected, "{minutes}");
        }
    }

    #[test]
    fn rule_04_the_initial_salt_is_taken_at_once() {
        for (minutes, expected) in [(10, true), (29, true), (30, true), (59, true), (60, false), (600, false)]
        {
            assert_eq!(salts(5).accepts(START + minutes * MINUTE, INITIAL), expected, "{minutes}");
        }
    }

    #[test]
    fn salts_differ_by_window_key_and_secret() {
        let one = salts(5).current(START);
        assert_eq!(one, salts(5).current(START + 29 * MINUTE));
        assert_ne!(one, salts(5).current(START + 30 * MINUTE));
        assert_ne!(one, salts(6).current(START));
        assert_ne!(one, Salts::new(&SaltSecret::new([2; 32]), 5, INITIAL, START).current(START));
        assert!(!salts(5).accepts(START, 0));
    }

    #[test]
    fn future_salts_are_those_to_come() {
        let now = START + 7 * MINUTE;
        for (asked, given) in [(-1, 1), (0, 1), (1, 1), (3, 3), (64, 64), (65, 64), (i32::MAX, 64)] {
            let future = salts(5).future(now, asked);
            assert_eq!(future.len(), given, "{asked}");
            for (i, salt) in future.iter().enumerate() {
                let since = i64::from(salt.valid_since) * 1000;
                assert_eq!(since, START + i as i64 * WINDOW);
                assert_eq!(salt.valid_until - salt.valid_since, 3600);
                assert!(salts(5).accepts(since, salt.salt));
                assert!(salts(5).accepts(i64::from(salt.valid_until) * 1000 - 1, salt.salt));
                assert!(!salts(5).accepts(i64::from(salt.valid_until) * 1000, salt.salt));
            }
            assert_eq!(future[0].salt, salts(5).current(now));
        }
    }
}
