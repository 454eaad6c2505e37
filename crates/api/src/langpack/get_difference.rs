//! `langpack.getDifference`

use domain::{Error, lang};
use rpc::Cx;
use tl_api::{functions, types};

/// Strings that are newer than the client's. There are none.
///
/// Errors: `LANG_CODE_NOT_SUPPORTED`.
pub async fn handler(
    _cx: Cx,
    request: functions::langpack::GetDifference,
) -> Result<types::LangPackDifference, Error> {
    let language = lang::language(&request.lang_code)?;
    Ok(types::LangPackDifference {
        lang_code: language.lang_code.to_owned(),
        from_version: request.from_version,
        version: lang::VERSION.max(request.from_version),
        ..Default::default()
    })
}
