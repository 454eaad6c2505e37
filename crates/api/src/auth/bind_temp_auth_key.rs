//! `auth.bindTempAuthKey`

use domain::{Error, Fault, Time};
use rpc::Cx;
use rpc::binding::Claim;
use rpc::boundary::Effect;
use service::accounts::bind;
use tl_api::functions;

/// Ties the temporary key that this call came by to a permanent one, which from now on it stands for.
///
/// Errors: `ENCRYPTED_MESSAGE_INVALID`, `EXPIRES_AT_INVALID`, `TEMP_AUTH_KEY_EMPTY`,
/// `TEMP_AUTH_KEY_ALREADY_BOUND`.
pub async fn handler(cx: Cx, request: functions::auth::BindTempAuthKey) -> Result<bool, Error> {
    let caller = cx.caller();
    if !caller.is_temporary {
        return Err(Fault::temp_auth_key_empty().into());
    }
    let perm_id = request.perm_auth_key_id;
    let claim = Claim {
        temp_key_id: caller.session.key_id,
        session_id: caller.session.session_id,
        msg_id: cx.msg_id(),
        nonce: request.nonce,
        expires_at: request.expires_at,
        encrypted_message: request.encrypted_message,
    };
    let perm_key = bind::permanent_key(cx.service(), perm_id).await?;
    if !perm_key.is_some_and(|key| claim.holds(&key)) {
        return Err(Fault::encrypted_message_invalid().into());
    }
    let expires_at = Time::from_secs(request.expires_at.into());
    let bound = bind::bind(cx.service(), claim.temp_key_id, perm_id, expires_at).await?;
    cx.set_effect(Effect::Bound { perm_id, has_user: bound.has_user, expires_at: bound.expires_at });
    Ok(true)
}
