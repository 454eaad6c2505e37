//! `account.getPrivacy`

use domain::Error;
use rpc::Cx;
use rpc::convert::privacy as from_tl;
use tl_api::{functions, types};
use updates::privacy;

use crate::view;

/// The rules in force for a key.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    request: functions::account::GetPrivacy,
) -> Result<types::account::PrivacyRules, Error> {
    let (me, key) = (cx.me()?, from_tl::key(&request.key));
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| Ok(privacy::rules(tx, me, key, &presence)?)).await
}
