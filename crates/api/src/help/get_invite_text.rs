//! `help.getInviteText`

use domain::Error;
use rpc::Cx;
use tl_api::{functions, types};

/// What a user may send to somebody who is not here yet.
///
/// Errors: none.
pub async fn handler(
    cx: Cx,
    _request: functions::help::GetInviteText,
) -> Result<types::help::InviteText, Error> {
    let address = cx.service().config.address;
    Ok(types::help::InviteText { message: format!("I am on Chatters. Come and join me: {address}") })
}
