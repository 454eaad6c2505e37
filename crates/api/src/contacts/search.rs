//! `contacts.search`

use domain::{Error, Fault};
use rpc::Cx;
use service::contacts::find;
use tl_api::{functions, types};
use updates::people::{self, Mentioned};

use crate::view;

/// People by name: first those whom the caller knows, then whoever has just this username.
///
/// Errors: `SEARCH_QUERY_EMPTY`, `LIMIT_INVALID`, `FLOOD_WAIT_x`.
pub async fn handler(cx: Cx, request: functions::contacts::Search) -> Result<types::contacts::Found, Error> {
    let me = cx.me()?;
    let limit = usize::try_from(request.limit).map_err(|_| Fault::limit_invalid())?;
    if request.broadcasts || request.bots {
        // There are none to be found yet.
        return Ok(types::contacts::Found::default());
    }
    let found = find::search(cx.service(), me, &request.q, limit).await?;
    let mut mentioned = Mentioned::default();
    for user in found.known.iter().chain(&found.others) {
        mentioned.user(*user);
    }
    let presence = cx.service().presence.clone();
    let users = view::read(&cx, move |tx| Ok(mentioned.just_these(tx, me, &presence)?)).await?;
    Ok(types::contacts::Found {
        my_results: found.known.iter().map(|user| people::peer((*user).into())).collect(),
        results: found.others.iter().map(|user| people::peer((*user).into())).collect(),
        users,
        ..Default::default()
    })
}
