//! `auth.exportAuthorization`

use domain::{Error, Fault};
use rpc::Cx;
use service::accounts::carry;
use tl_api::{functions, types};

use crate::help::get_config;

/// Bytes with which this device signs its key of another data centre in.
///
/// Errors: `DC_ID_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::auth::ExportAuthorization,
) -> Result<types::auth::ExportedAuthorization, Error> {
    let me = cx.me()?;
    if !get_config::dcs(&cx).contains(&request.dc_id) {
        return Err(Fault::dc_id_invalid().into());
    }
    let bytes = carry::export(cx.service(), me, cx.auth_key_id()).await?;
    Ok(types::auth::ExportedAuthorization { id: me.0, bytes })
}
