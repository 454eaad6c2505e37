//! `auth.dropTempAuthKeys`

use domain::Error;
use rpc::Cx;
use service::accounts::devices;
use tl_api::functions;

/// Forgets the temporary keys of this device, but those named and the one that carries this call.
///
/// Errors: none.
pub async fn handler(cx: Cx, request: functions::auth::DropTempAuthKeys) -> Result<bool, Error> {
    let mut except = request.except_auth_keys;
    except.push(cx.caller().session.key_id);
    let dropped = devices::drop_temporary(cx.service(), cx.auth_key_id(), except).await?;
    cx.devices().dropped(&dropped);
    Ok(true)
}
