//! The words of a text, as search sees them.
//!
//! A word is a run of letters and digits between the boundaries of UAX 29, with case and accents folded away.
//! Text and query go through the same steps, so that what is written one way is found when asked another way.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

use crate::limits;

/// What somebody searches for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Words that must all be in the text.
    pub words: Vec<String>,
    /// The word that was still being typed: some word of the text must begin with it.
    pub prefix: Option<String>,
}

/// The words of `text` in the order of their first appearance, without doubles.
pub fn words(text: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut words = Vec::new();
    for word in folded_words(text) {
        if words.len() == limits::INDEX_WORDS {
            break;
        }
        if seen.insert(word.clone()) {
            words.push(word);
        }
    }
    words
}

/// Reads a query. Its last word may be unfinished, unless something that is no letter follows it.
pub fn query(raw: &str) -> Query {
    let cut = raw.char_indices().nth(limits::QUERY_LENGTH).map_or(raw.len(), |(at, _)| at);
    let raw = &raw[..cut];
    let mut words: Vec<String> = folded_words(raw).take(limits::QUERY_WORDS).collect();
    let unfinished = raw.chars().last().is_some_and(|c| c.is_alphanumeric() || is_combining_mark(c));
    let prefix = if unfinished { words.pop() } else { None };
    Query { words, prefix }
}

impl Query {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.prefix.is_none()
    }

    /// Whether `text` has everything that is asked for. An empty query matches nothing.
    pub fn matches(&self, text: &str) -> bool {
        let there: BTreeSet<String> = words(text).into_iter().collect();
        let begins =
            |prefix: &String| there.range(prefix.clone()..).next().is_some_and(|w| w.starts_with(prefix));
        !self.is_empty()
            && self.words.iter().all(|word| there.contains(word))
            && self.prefix.as_ref().is_none_or(begins)
    }
}

/// Words in their order, doubles included. UAX 29 keeps `example.com` and `snake_case` together, people search
/// for the parts.
fn folded_words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.unicode_words()
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c)))
        .map(fold)
        .filter(|word| !word.is_empty())
}

/// Case and accents folded away (NFKD, marks dropped, full case folding), and cut to the longest word.
fn fold(word: &str) -> String {
    if word.is_ascii() {
        return word.chars().take(limits::INDEX_WORD).map(|c| c.to_ascii_lowercase()).collect();
    }
    let bare: String = word.nfkd().filter(|c| !is_combining_mark(*c)).collect();
    // Folding can bring marks back (İ becomes i and a dot), and compatibility forms can bring separators.
    let folded = caseless::default_case_fold_str(&bare);
    folded.nfkd().filter(|c| c.is_alphanumeric()).take(limits::INDEX_WORD).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(words(text), expected, "{text:?}");
    }

    #[test]
    fn words_of_many_scripts() {
        check("", &[]);
        check("…!? 👍", &[]);
        check("Hello, hello WORLD", &["hello", "world"]);
        check("Straße STRASSE", &["strasse"]);
        check("Café cafe\u{301} CAFÉ", &["cafe"]);
        check("Ёлка ёлка", &["елка"]);
        check("Ὀδυσσεύς", &["οδυσσευσ"]);
        check("see example.com/path_to?x=1", &["see", "example", "com", "path", "to", "x", "1"]);
        check("don't", &["don", "t"]);
        check("你好", &["你", "好"]);
        check("İstanbul", &["istanbul"]);
        check("ﬁne ①", &["fine", "1"]);
        check("مَرحَبًا", &["مرحبا"]);
        check("12:30 v2.0", &["12", "30", "v2", "0"]);
    }

    #[test]
    fn the_words_of_a_text_are_bounded() {
        let text: String = (0..5000).map(|n| format!("w{n} ")).collect();
        assert_eq!(words(&text).len(), limits::INDEX_WORDS);
        assert_eq!(words(&"x".repeat(100)), ["x".repeat(limits::INDEX_WORD)]);
    }

    #[test]
    fn queries() {
        let found = |raw: &str, text: &str| query(raw).matches(text);
        let text = "Die Katze liegt auf dem Sofa, example.com";
        for raw in ["katze", "KATZ", "sofa kat", "die ka", "example.com", "exam", "katze "] {
            assert!(found(raw, text), "{raw:?}");
        }
        for raw in ["", " ", "hund", "katz ", "katze hund", "atze", "sof katze", "?!"] {
            assert!(!found(raw, text), "{raw:?}");
        }
        assert_eq!(query("Two wor"), Query { words: vec!["two".into()], prefix: Some("wor".into()) });
        assert_eq!(query("two "), Query { words: vec!["two".into()], prefix: None });
        let long = "z".repeat(40);
        assert_eq!(query(&long), Query { words: vec![], prefix: Some(long.clone()) });
        assert!(found(&long, &format!("{long}z")));
        assert!(query(&"many words ".repeat(1000)).words.len() <= limits::QUERY_WORDS);
    }
}
