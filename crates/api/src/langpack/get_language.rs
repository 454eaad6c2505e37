//! `langpack.getLanguage`

use domain::{Error, lang};
use rpc::Cx;
use tl_api::{functions, types};

use super::language;

/// One language.
///
/// Errors: `LANG_CODE_NOT_SUPPORTED`.
pub async fn handler(
    _cx: Cx,
    request: functions::langpack::GetLanguage,
) -> Result<types::LangPackLanguage, Error> {
    Ok(language::to_tl(lang::language(&request.lang_code)?))
}
