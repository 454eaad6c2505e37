//! `langpack.getStrings`

use domain::{Error, lang, limits};
use rpc::Cx;
use tl_api::{enums, functions, types};

/// Some strings of a language. This server hosts none: those asked for are told as deleted, so that clients
/// use their own.
///
/// Errors: `LANG_CODE_NOT_SUPPORTED`.
pub async fn handler(
    _cx: Cx,
    request: functions::langpack::GetStrings,
) -> Result<Vec<enums::LangPackString>, Error> {
    lang::language(&request.lang_code)?;
    let keys = request.keys.into_iter().take(limits::LANG_STRINGS_BATCH);
    Ok(keys.map(|key| types::LangPackStringDeleted { key }.into()).collect())
}
