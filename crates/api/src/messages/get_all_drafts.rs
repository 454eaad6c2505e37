//! `messages.getAllDrafts`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};
use updates::draft;

use crate::view;

/// Every draft of the caller's, as the updates that tell of them.
///
/// Errors: none.
pub async fn handler(cx: Cx, _request: functions::messages::GetAllDrafts) -> Result<types::Updates, Error> {
    let me = cx.me()?;
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| Ok(draft::all(tx, me)?.into_updates(tx, me, &presence)?)).await
}
