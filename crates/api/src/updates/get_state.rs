//! `updates.getState`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};
use updates::difference;

use crate::view;

/// Where the caller's box stands now.
///
/// Errors: none.
pub async fn handler(cx: Cx, _request: functions::updates::GetState) -> Result<types::updates::State, Error> {
    let me = cx.me()?;
    view::read(&cx, move |tx| Ok(difference::state(tx, me)?)).await
}
