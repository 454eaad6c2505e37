//! `langPackLanguage` from the domain's own.

use domain::lang::Language;
use tl_api::types;

pub fn to_tl(language: &Language) -> types::LangPackLanguage {
    types::LangPackLanguage {
        official: true,
        name: language.name.to_owned(),
        native_name: language.native_name.to_owned(),
        lang_code: language.lang_code.to_owned(),
        plural_code: language.plural_code.to_owned(),
        strings_count: language.strings_count,
        translated_count: language.translated_count,
        ..Default::default()
    }
}
