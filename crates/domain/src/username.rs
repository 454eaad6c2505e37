//! Usernames: which are valid, and when two are the same.

use crate::{Fault, limits};

/// A valid username as its owner wrote it, without `@`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Five to 32 characters out of `A-Z a-z 0-9 _`, beginning with a letter; no underscore at the end, and no
    /// two in a row. Source: "account.checkUsername" and the usernames FAQ.
    ///
    /// Errors: `USERNAME_INVALID`.
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let length = limits::USERNAME_LENGTH_MIN..=limits::USERNAME_LENGTH_MAX;
        let valid = length.contains(&raw.len())
            && raw.bytes().all(known)
            && raw.as_bytes()[0].is_ascii_alphabetic()
            && !raw.ends_with('_')
            && !raw.contains("__");
        if valid { Ok(Self(raw.to_owned())) } else { Err(Fault::username_invalid()) }
    }

    /// As the owner wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which usernames are unique.
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

/// The form in which usernames are compared: lower case, without `@`. For anything that somebody looks up.
pub fn fold(raw: &str) -> String {
    raw.strip_prefix('@').unwrap_or(raw).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, valid: bool) {
        assert_eq!(Username::parse(raw).is_ok(), valid, "{raw}");
    }

    #[test]
    fn valid_and_invalid_names() {
        let longest = "a".repeat(32);
        for raw in ["alice", "Alice_1", "a1234", "a_b_c", longest.as_str()] {
            check(raw, true);
        }
        let too_long = "a".repeat(33);
        let invalid = [
            "", "abcd", "1alice", "_alice", "alice_", "al__ice", "al-ice", "al ice", "@alice", "älice",
            "alice\n",
        ];
        for raw in invalid {
            check(raw, false);
        }
        check(&too_long, false);
    }

    #[test]
    fn case_does_not_tell_names_apart() {
        assert_eq!(Username::parse("AliCe").unwrap().folded(), "alice");
        assert_eq!(fold("@AliCe"), "alice");
        assert_eq!(fold(""), "");
    }
}
