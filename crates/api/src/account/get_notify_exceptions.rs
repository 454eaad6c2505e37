//! `account.getNotifyExceptions`

use domain::Error;
use rpc::Cx;
use service::notify::update::Scope;
use tl_api::{enums, functions, types};
use updates::notify;
use updates::render::Rendered;

use crate::view;

/// The dialogs with notification settings of their own. There are only private chats: asked for groups or
/// channels, or for one dialog that has none, the answer is empty.
///
/// Errors: `PEER_ID_INVALID`.
pub async fn handler(
    cx: Cx,
    request: functions::account::GetNotifyExceptions,
) -> Result<types::Updates, Error> {
    let me = cx.me()?;
    let presence = cx.service().presence.clone();
    view::read(&cx, move |tx| {
        let wanted = match &request.peer {
            Some(peer) => Some(rpc::convert::notify::scope(tx, me, peer)?),
            None => None,
        };
        let mut rendered = Rendered::default();
        for (peer, update) in notify::exceptions(tx, me)? {
            let shown = match wanted {
                None => true,
                Some(Scope::Peer(one)) => one == peer,
                Some(Scope::Users) => peer.user().is_some(),
                Some(Scope::Chats | Scope::Broadcasts) => false,
            };
            if shown {
                rendered.mentioned.peer(peer);
                rendered.push(enums::Update::from(update));
            }
        }
        Ok(rendered.into_updates(tx, me, &presence)?)
    })
    .await
}
