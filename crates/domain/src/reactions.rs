//! Reactions that people may give.

/// The emoji that can be given as reactions, in the order in which clients offer them.
///
/// Source: the API's list of emoji reactions.
pub const EMOJI: &[&str] = &[
    "👍",
    "👎",
    "❤",
    "🔥",
    "🥰",
    "👏",
    "😁",
    "🤔",
    "🤯",
    "😱",
    "🤬",
    "😢",
    "🎉",
    "🤩",
    "🤮",
    "💩",
    "🙏",
    "👌",
    "🕊",
    "🤡",
    "🥱",
    "🥴",
    "😍",
    "🐳",
    "❤\u{200d}🔥",
    "🌚",
    "🌭",
    "💯",
    "🤣",
    "⚡",
    "🍌",
    "🏆",
    "💔",
    "🤨",
    "😐",
    "🍓",
    "🍾",
    "💋",
    "🖕",
    "😈",
    "😴",
    "😭",
    "🤓",
    "👻",
    "👨\u{200d}💻",
    "👀",
    "🎃",
    "🙈",
    "😇",
    "😨",
    "🤝",
    "✍",
    "🤗",
    "🫡",
    "🎅",
    "🎄",
    "☃",
    "💅",
    "🤪",
    "🗿",
    "🆒",
    "💘",
    "🙉",
    "🦄",
    "😘",
    "💊",
    "🙊",
    "😎",
    "👾",
    "🤷\u{200d}♂",
    "🤷",
    "🤷\u{200d}♀",
    "😡",
];

/// Asks for the coloured form of a character; some keyboards add it, some do not.
const COLOURED: char = '\u{fe0f}';

/// The reaction that somebody typed, as the list has it; `None` when it is not in the list.
pub fn emoji(typed: &str) -> Option<&'static str> {
    // Longer than any of the list even with the marks.
    if typed.len() > 64 {
        return None;
    }
    let bare: String = typed.chars().filter(|c| *c != COLOURED).collect();
    EMOJI.iter().copied().find(|emoji| *emoji == bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reactions_are_known_in_every_form() {
        for known in EMOJI {
            assert_eq!(emoji(known), Some(*known));
            assert_eq!(emoji(&format!("{known}\u{fe0f}")), Some(*known));
        }
        assert_eq!(emoji("❤\u{fe0f}\u{200d}🔥"), Some("❤\u{200d}🔥"));
        for unknown in ["", "a", "🏳", "👍👍", "👍 ", "\u{fe0f}", &"👍".repeat(1000)] {
            assert_eq!(emoji(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn the_list_has_no_doubles() {
        for (index, one) in EMOJI.iter().enumerate() {
            assert!(!EMOJI[..index].contains(one), "{one}");
        }
    }
}
