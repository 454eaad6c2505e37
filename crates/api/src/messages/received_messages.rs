//! `messages.receivedMessages`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};

/// A client has got messages and needs no notification of them: there are none to call back.
///
/// Errors: none.
pub async fn handler(
    _cx: Cx,
    _request: functions::messages::ReceivedMessages,
) -> Result<Vec<types::ReceivedNotifyMessage>, Error> {
    Ok(Vec::new())
}
