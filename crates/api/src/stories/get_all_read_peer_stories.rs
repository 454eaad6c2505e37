//! `stories.getAllReadPeerStories`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};

/// There are no stories that could have been read.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    _request: functions::stories::GetAllReadPeerStories,
) -> Result<types::Updates, Error> {
    Ok(types::Updates { date: cx.service().now().wire(), ..Default::default() })
}
