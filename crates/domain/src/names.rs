//! Names of people, and what they say about themselves.

use unicode_normalization::UnicodeNormalization;

use crate::{Fault, limits};

/// A first name: cleaned, and cut to 64 characters. Errors: `FIRSTNAME_INVALID` when nothing is left.
pub fn first_name(raw: &str) -> Result<String, Fault> {
    let name = clean_name(raw);
    if name.is_empty() { Err(Fault::firstname_invalid()) } else { Ok(name) }
}

/// A last name: cleaned, and cut to 64 characters; may be empty.
pub fn last_name(raw: &str) -> String {
    clean_name(raw)
}

/// The name under which somebody saves a contact. A contact may have a last name only, but not no name.
///
/// Errors: `CONTACT_NAME_EMPTY`.
pub fn contact_name(first: &str, last: &str) -> Result<(String, String), Fault> {
    match (clean_name(first), clean_name(last)) {
        (first, last) if first.is_empty() && last.is_empty() => Err(Fault::contact_name_empty()),
        (first, last) if first.is_empty() => Ok((last, first)),
        both => Ok(both),
    }
}

/// What somebody writes down about a contact: cleaned, and cut to its limit; may be empty.
pub fn note(raw: &str) -> String {
    one_line(raw).chars().take(limits::CONTACT_NOTE_LENGTH).collect()
}

/// What a user says about themselves: one line, may be empty. Errors: `ABOUT_TOO_LONG`.
pub fn about(raw: &str, premium: bool) -> Result<String, Fault> {
    let limit = if premium { limits::ABOUT_LENGTH_PREMIUM } else { limits::ABOUT_LENGTH };
    let about = one_line(raw);
    if about.chars().count() > limit { Err(Fault::about_too_long()) } else { Ok(about) }
}

fn clean_name(raw: &str) -> String {
    let name: String = one_line(raw).chars().take(limits::NAME_LENGTH).collect();
    let name = name.trim_end();
    if name.chars().all(is_invisible) { String::new() } else { name.to_owned() }
}

/// Composed (NFC), without control characters or direction overrides, white space joined to single spaces.
fn one_line(raw: &str) -> String {
    let mut line = String::with_capacity(raw.len().min(4 * limits::MESSAGE_LENGTH));
    let mut gap = false;
    // What goes has to go before: it may stand between a letter and its accent.
    let kept = raw.chars().filter(|c| c.is_whitespace() || !(c.is_control() || is_direction_override(*c)));
    // More than any limit here can keep; the rest would be thrown away after the work.
    for c in kept.nfc().take(limits::MESSAGE_LENGTH) {
        if c.is_whitespace() {
            gap = !line.is_empty();
            continue;
        }
        if gap {
            line.push(' ');
            gap = false;
        }
        line.push(c);
    }
    line
}

/// Embeddings and overrides turn the text that follows a name around, and let one name look like another.
pub(crate) fn is_direction_override(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}')
}

/// Characters without a glyph; a text of nothing else is empty to its reader.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned() {
        let long = "ß".repeat(100);
        for (raw, kept) in [
            ("Alice", "Alice"),
            ("  Alice \t B. \n", "Alice B."),
            ("A\u{202e}ecil", "Aecil"),
            ("Al\u{0}ice\u{7}", "Alice"),
            ("Zoe\u{308}", "Zoë"),
            ("Zoe\u{202e}\u{308}", "Zoë"),
            (long.as_str(), &long[..128]),
            ("👩\u{200d}🚀", "👩\u{200d}🚀"),
        ] {
            assert_eq!(first_name(raw).as_deref(), Ok(kept), "{raw:?}");
        }
    }

    #[test]
    fn a_name_that_nobody_can_see_is_none() {
        for raw in ["", " ", "\u{200b}", "\u{3164}\u{2800}", "\n\t", "\u{202e}"] {
            assert_eq!(first_name(raw), Err(Fault::firstname_invalid()), "{raw:?}");
            assert_eq!(last_name(raw), "", "{raw:?}");
        }
    }

    #[test]
    fn a_contact_needs_one_name() {
        assert_eq!(contact_name(" Ann ", ""), Ok(("Ann".into(), String::new())));
        assert_eq!(contact_name("", "Lee"), Ok(("Lee".into(), String::new())));
        assert_eq!(contact_name("Ann", "Lee"), Ok(("Ann".into(), "Lee".into())));
        assert_eq!(contact_name(" ", "\u{200b}"), Err(Fault::contact_name_empty()));
    }

    #[test]
    fn about_has_its_limits() {
        assert_eq!(about(" one\ntwo ", false).as_deref(), Ok("one two"));
        assert_eq!(about("", false).as_deref(), Ok(""));
        let (fits, long) = ("é".repeat(70), "é".repeat(71));
        assert_eq!(about(&fits, false).as_deref(), Ok(fits.as_str()));
        assert_eq!(about(&long, false), Err(Fault::about_too_long()));
        assert_eq!(about(&long, true).as_deref(), Ok(long.as_str()));
    }
}
