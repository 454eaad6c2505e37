//! `langpack.getLanguages`

use domain::{Error, lang};
use rpc::Cx;
use tl_api::{functions, types};

use super::language;

/// The languages that clients may choose from.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::langpack::GetLanguages,
) -> Result<Vec<types::LangPackLanguage>, Error> {
    Ok(lang::LANGUAGES.iter().map(language::to_tl).collect())
}
