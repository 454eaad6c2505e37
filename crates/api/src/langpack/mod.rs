//! `langpack.*`: the words in a client's interface.

pub mod get_difference;
pub mod get_lang_pack;
pub mod get_language;
pub mod get_languages;
pub mod get_strings;
pub mod language;
