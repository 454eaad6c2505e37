//! Language packs: what the server can say about the words in a client's interface.
//!
//! Every client carries its own English, and this server hosts no strings. So there is one language, with no
//! strings and version 0, and no difference to it: clients then use what they have built in.

use crate::Fault;

/// A language as `langpack.getLanguages` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Language {
    /// In English.
    pub name: &'static str,
    pub native_name: &'static str,
    pub lang_code: &'static str,
    /// The language whose plural rules hold.
    pub plural_code: &'static str,
    pub strings_count: i32,
    pub translated_count: i32,
}

pub const LANGUAGES: &[Language] = &[Language {
    name: "English",
    native_name: "English",
    lang_code: "en",
    plural_code: "en",
    strings_count: 0,
    translated_count: 0,
}];

/// The version of a pack without strings.
pub const VERSION: i32 = 0;

/// The language of `lang_code` (`en`, `en-GB`, `en_US`). Errors: `LANG_CODE_NOT_SUPPORTED`.
pub fn language(lang_code: &str) -> Result<&'static Language, Fault> {
    let base = lang_code.split(['-', '_']).next().unwrap_or_default();
    let same = |language: &&Language| language.lang_code.eq_ignore_ascii_case(base);
    LANGUAGES.iter().find(same).ok_or_else(Fault::lang_code_not_supported)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_in_every_spelling_and_nothing_else() {
        for code in ["en", "EN", "en-GB", "en_US", "en-raw"] {
            assert_eq!(language(code).map(|language| language.lang_code), Ok("en"), "{code}");
        }
        for code in ["", "de", "english", "-"] {
            assert_eq!(language(code), Err(Fault::lang_code_not_supported()), "{code}");
        }
    }
}
