//! E-mail addresses: those that sign-in codes may go to.

use std::fmt;

use crate::{Fault, limits};

/// An address that has the form of one. Plain ASCII without quotes, so that it can stand in a mail's header.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Errors: `EMAIL_INVALID`.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let text = text.trim();
        let (local, host) = text.rsplit_once('@').ok_or_else(Fault::email_invalid)?;
        let good_local = (1..=limits::EMAIL_LOCAL_LENGTH).contains(&local.len())
            && local.split('.').all(|part| !part.is_empty() && part.bytes().all(is_atom));
        let labels: Vec<&str> = host.split('.').collect();
        let good_host = labels.len() > 1 && labels.iter().all(|label| is_label(label));
        if text.len() > limits::EMAIL_LENGTH || !good_local || !good_host {
            return Err(Fault::email_invalid());
        }
        Ok(Self(format!("{local}@{}", host.to_ascii_lowercase())))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What may be shown to whoever only tries to sign in: `p***l@example.org`.
    pub fn pattern(&self) -> String {
        let (local, host) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let first = local.get(..1).unwrap_or_default();
        // Of a short name nothing but its beginning is told.
        let last = local.get(local.len().saturating_sub(1)..).filter(|_| local.len() > 2).unwrap_or_default();
        format!("{first}***{last}@{host}")
    }
}

/// Shows nobody's address.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_what_is_none() {
        for (text, expected) in [
            ("ann@example.org", Some("ann@example.org")),
            (" Ann.Lee+chat@Example.ORG ", Some("Ann.Lee+chat@example.org")),
            ("", None),
            ("ann", None),
            ("ann@", None),
            ("@example.org", None),
            ("ann@localhost", None),
            ("ann..lee@example.org", None),
            ("ann@-example.org", None),
            ("ann@example..org", None),
            ("ann lee@example.org", None),
            ("ann@example.org\r\nBcc: bob@example.org", None),
            ("\"ann\"@example.org", None),
            ("änn@example.org", None),
        ] {
            let parsed = Email::parse(text).ok();
            assert_eq!(parsed.as_ref().map(Email::as_str), expected, "{text:?}");
        }
        assert!(Email::parse(&format!("{}@example.org", "a".repeat(65))).is_err());
        assert!(Email::parse(&format!("a@{}org", "abcdefghi.".repeat(26))).is_err());
    }

    #[test]
    fn patterns_tell_little() {
        for (text, pattern) in [
            ("postal@example.org", "p***l@example.org"),
            ("ann@example.org", "a***n@example.org"),
            ("ab@example.org", "a***@example.org"),
            ("a@example.org", "a***@example.org"),
        ] {
            assert_eq!(Email::parse(text).unwrap().pattern(), pattern);
        }
    }
}
