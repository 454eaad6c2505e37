//! `help.getAppConfig`

use domain::{Error, app_config};
use rpc::Cx;
use rpc::answer::Since;
use tl_api::{enums, functions, types};

use super::json;

/// Switches and limits that apps go by.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    request: functions::help::GetAppConfig,
) -> Result<Since<enums::help::AppConfig, enums::JsonValue>, Error> {
    let hash = app_config::hash();
    let config = json::to_tl(&app_config::app_config());
    let newest = if request.hash == hash {
        enums::help::AppConfig::NotModified
    } else {
        types::help::AppConfig { hash, config: config.clone() }.into()
    };
    Ok(Since { since: 158, newest, older: config })
}
