//! Texts of messages: 100 bytes of words, of which each can be checked when it arrives.

const BYTES: usize = 100;

const WORDS: &[&str] = &[
    "about", "again", "all", "and", "at", "be", "before", "bread", "bring", "but", "call", "can", "come",
    "day", "dinner", "do", "door", "evening", "for", "friend", "from", "garden", "get", "go", "good", "have",
    "here", "home", "how", "if", "in", "is", "it", "key", "know", "late", "later", "letter", "like",
    "little", "look", "make", "me", "meet", "money", "morning", "my", "new", "next", "night", "no", "not",
    "now", "of", "on", "one", "or", "our", "out", "paper", "people", "please", "rain", "read", "right",
    "road", "say", "school", "see", "send", "she", "should", "so", "some", "soon", "station", "street",
    "take", "tell", "thanks", "that", "the", "then", "there", "they", "think", "this", "ticket", "time",
    "to", "today", "tomorrow", "train", "two", "up", "wait", "water", "we", "week", "well", "what", "when",
    "where", "will", "with", "work", "yes", "you",
];

/// The text with this number, which is its first word.
pub fn of(number: u64) -> String {
    let mut text = format!("{number}");
    let mut pick = number;
    while text.len() < BYTES {
        // The constants of a well known generator (Knuth's MMIX).
        pick = pick.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = usize::try_from(pick >> 33).unwrap_or_default() % WORDS.len();
        text.push(' ');
        text.push_str(WORDS[at]);
    }
    text.truncate(BYTES - 1);
    text.push('.');
    text
}

/// The number of a text that came whole.
pub fn number(text: &str) -> Option<u64> {
    let number = text.split(' ').next()?.parse().ok()?;
    (of(number) == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_known_again_and_damage_is_seen() {
        for number in [0, 7, 1_764_000_000_000_000, u64::MAX] {
            let text = of(number);
            assert_eq!(text.len(), BYTES);
            assert_eq!(super::number(&text), Some(number));
            assert_eq!(super::number(&text.replace('.', "!")), None);
        }
        assert_ne!(of(1)[2..], of(2)[2..]);
        assert_eq!(number("hello"), None);
    }
}
