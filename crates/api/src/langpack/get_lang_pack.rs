//! `langpack.getLangPack`

use domain::{Error, lang};
use rpc::Cx;
use tl_api::{functions, types};

/// All strings of a language. This server hosts none: clients use their own.
///
/// Errors: `LANG_CODE_NOT_SUPPORTED`.
pub async fn handler(
    _cx: Cx,
    request: functions::langpack::GetLangPack,
) -> Result<types::LangPackDifference, Error> {
    let language = lang::language(&request.lang_code)?;
    Ok(types::LangPackDifference {
        lang_code: language.lang_code.to_owned(),
        version: lang::VERSION,
        ..Default::default()
    })
}
