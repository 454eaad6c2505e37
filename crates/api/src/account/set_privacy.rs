//! `account.setPrivacy`

use domain::Error;
use rpc::Cx;
use rpc::convert::privacy as from_tl;
use service::privacy::rules;
use tl_api::{functions, types};
use updates::privacy;

use crate::view;

/// Sets the rules of a key.
///
/// Errors: `PRIVACY_VALUE_INVALID`, `PRIVACY_TOO_LONG`.
pub async fn handler(
    cx: Cx,
    request: functions::account::SetPrivacy,
) -> Result<types::account::PrivacyRules, Error> {
    let (me, key) = (cx.me()?, from_tl::key(&request.key));
    let wanted = view::read(&cx, move |tx| Ok(from_tl::rules(tx, me, &request.rules)?)).await?;
    rules::set(cx.service(), me, key, wanted, cx.origin()).await?;
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| Ok(privacy::rules(tx, me, key, &presence)?)).await
}
