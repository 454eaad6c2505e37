//! Finds what the server marks by itself: links, addresses, mentions, hashtags, cashtags, commands, phone numbers.

use linkify::{LinkFinder, LinkKind};

use super::{EntityKind, Span};
use crate::{limits, phone::Phone};

/// Everything found in `text`, the more certain kinds first. Finds may overlap.
pub(super) fn detect(text: &str) -> Vec<Span> {
    let mut finds = links(text);
    let mut previous = None;
    for (at, c) in text.char_indices() {
        let rest = &text[at..];
        let find = match c {
            '@' => mention(rest, previous).map(|length| (EntityKind::Mention, length)),
            '#' => hashtag(rest, previous).map(|length| (EntityKind::Hashtag, length)),
            '$' => cashtag(rest, previous).map(|length| (EntityKind::Cashtag, length)),
            '/' => command(rest, previous).map(|length| (EntityKind::BotCommand, length)),
            '+' => phone(rest, previous).map(|length| (EntityKind::Phone, length)),
            _ => None,
        };
        if let Some((kind, length)) = find {
            finds.push(Span { start: at, end: at + length, kind });
        }
        previous = Some(c);
    }
    in_units(text, finds)
}

/// The address that a text link leads to, completed; `None` for one that nobody should be led to.
pub(super) fn link_target(raw: &str) -> Option<String> {
    let raw = raw.trim();
    if raw.is_empty()
        || raw.len() > limits::TEXT_URL_LENGTH
        || raw.chars().any(|c| c.is_control() || c == ' ')
    {
        return None;
    }
    if let Some((scheme, rest)) = raw.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) {
        let known = SCHEMES.contains(&scheme) || ["mailto", "tel"].contains(&scheme);
        // `example.com:8080` has no scheme either.
        if known || !rest.starts_with(|c: char| c.is_ascii_digit()) {
            return (known && !rest.trim_start_matches('/').is_empty()).then(|| raw.to_owned());
        }
    }
    let host = raw.split(['/', '?', '#', ':']).next()?;
    (ends_in_tld(host) || host == "localhost" || host.parse::<std::net::Ipv4Addr>().is_ok())
        .then(|| format!("http://{raw}"))
}

/// Schemes that make a link of what follows.
const SCHEMES: [&str; 6] = ["http", "https", "ftp", "tg", "ton", "tonsite"];

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && !text.contains('.')
}

fn links(text: &str) -> Vec<Span> {
    let mut finder = LinkFinder::new();
    finder.url_must_have_scheme(false);
    let mut spans = Vec::new();
    for link in finder.links(text) {
        let previous = text[..link.start()].chars().next_back();
        let kind = match link.kind() {
            LinkKind::Email => EntityKind::Email,
            _ if is_link(link.as_str(), previous) => EntityKind::Url,
            _ => continue,
        };
        spans.push(Span { start: link.start(), end: link.end(), kind });
    }
    spans
}

fn is_link(link: &str, previous: Option<char>) -> bool {
    if let Some((scheme, _)) = link.split_once("://") {
        return SCHEMES.contains(&scheme.to_ascii_lowercase().as_str());
    }
    let host = link.split(['/', '?', '#', ':']).next().unwrap_or_default();
    !previous.is_some_and(|c| is_word(c) || matches!(c, '@' | '/' | '#' | '$')) && ends_in_tld(host)
}

/// A top-level domain in one case: `end.Next` is the end of a sentence without a space after it.
fn ends_in_tld(host: &str) -> bool {
    host.rsplit_once('.').is_some_and(|(name, tld)| {
        let lower = tld.to_ascii_lowercase();
        !name.is_empty() && tld::exist(&lower) && (tld == lower || tld == tld.to_ascii_uppercase())
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether a mark after `previous` begins something.
fn begins(previous: Option<char>, glue: &[char]) -> bool {
    previous.is_none_or(|c| !is_word(c) && !glue.contains(&c))
}

/// Whether nothing that belongs to a word follows the first `length` bytes.
fn ends(rest: &str, length: usize, glue: &[char]) -> bool {
    rest[length..].chars().next().is_none_or(|c| !is_word(c) && !glue.contains(&c))
}

/// The bytes of the username at the start of `text`.
fn username_length(text: &str) -> usize {
    text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()
}

/// `@name`. Shorter names than one can register exist (they are sold), so two characters are enough.
fn mention(rest: &str, previous: Option<char>) -> Option<usize> {
    let length = 1 + username_length(&rest[1..]);
    let fits = (3..=1 + limits::USERNAME_LENGTH_MAX).contains(&length);
    (fits && begins(previous, &['@', '/']) && ends(rest, length, &['@'])).then_some(length)
}

/// `#tag`, with at least one character that is no digit; `#tag@channel` searches in one channel.
fn hashtag(rest: &str, previous: Option<char>) -> Option<usize> {
    let belongs = |c: char| {
        is_word(c) || matches!(c, '\u{200c}' | '\u{b7}') || unicode_normalization::char::is_combining_mark(c)
    };
    let tag: &str = rest[1..].split(|c| !belongs(c)).next()?;
    let count = tag.chars().count();
    let mut length = 1 + tag.len();
    let good =
        (1..=limits::HASHTAG_LENGTH).contains(&count) && tag.chars().any(|c| !c.is_numeric() && c != '_');
    if !good || !begins(previous, &['#', '@', '/', '$']) || rest[length..].starts_with('#') {
        return None;
    }
    if let Some(after) = rest[length..].strip_prefix('@') {
        let name = username_length(after);
        if (3..=limits::USERNAME_LENGTH_MAX).contains(&name) && ends(after, name, &[]) {
            length += 1 + name;
        }
    }
    Some(length)
}

/// `$USD`: up to eight capital letters.
fn cashtag(rest: &str, previous: Option<char>) -> Option<usize> {
    let letters = rest[1..].bytes().take_while(u8::is_ascii_uppercase).count();
    let length = 1 + letters;
    ((1..=8).contains(&letters) && begins(previous, &['$', '#', '@', '/']) && ends(rest, length, &['$']))
        .then_some(length)
}

/// `/command` or `/command@bot`.
fn command(rest: &str, previous: Option<char>) -> Option<usize> {
    let name = username_length(&rest[1..]);
    let mut length = 1 + name;
    if !(1..=64).contains(&name)
        || !begins(previous, &['/', '<', '>', '.', ':', '@', '#', '$', '?', '&', '='])
    {
        return None;
    }
    if let Some(after) = rest[length..].strip_prefix('@') {
        let bot = username_length(after);
        if !(3..=limits::USERNAME_LENGTH_MAX).contains(&bot) {
            return None;
        }
        length += 1 + bot;
    }
    ends(rest, length, &['/', '<', '>', '@']).then_some(length)
}

/// A number in international form: `+1 (555) 010-0123`.
fn phone(rest: &str, previous: Option<char>) -> Option<usize> {
    if !begins(previous, &['+', '.', ',']) {
        return None;
    }
    let allowed = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '(' | ')');
    let run = rest[1..].split(|c| !allowed(c)).next()?;
    // Two separators in a row end the number, except around brackets.
    let end = ["  ", "--", " -", "- "].iter().filter_map(|gap| run.find(gap)).min().unwrap_or(run.len());
    let number = run[..end].trim_end_matches(|c: char| !c.is_ascii_digit());
    let length = 1 + number.len();
    (number.len() >= limits::PHONE_LENGTH_MIN && ends(rest, length, &['+']) && Phone::parse(number).is_ok())
        .then_some(length)
}

/// From byte offsets to UTF-16 code units.
fn in_units(text: &str, finds: Vec<Span>) -> Vec<Span> {
    let mut units = vec![0; text.len() + 1];
    let mut count = 0;
    for (at, c) in text.char_indices() {
        units[at] = count;
        count += c.len_utf16();
    }
    units[text.len()] = count;
    finds.into_iter().map(|find| Span { start: units[find.start], end: units[find.end], ..find }).collect()
}
