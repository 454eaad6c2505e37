//! Sends messages whose time has come, and those that waited for somebody who is online now.

use std::sync::Arc;

use domain::{BoxFuture, Error, Time, UserId};
use store::{StoreError, Tx, scheduled};
use updates::Presence;

use crate::Service;
use crate::messages::schedule;

/// Messages sent in one run; what is left is due at once again.
const BATCH: i64 = 100;

/// How long one waits that could not be sent for a reason of the server's own.
const AGAIN_SECS: i64 = 60;

/// People for whom messages may wait before some of them are looked for late.
const AWAITED_MAX: i64 = 10_000;

pub fn run(service: Arc<Service>) -> BoxFuture<Result<Option<Time>, Error>> {
    Box::pin(async move {
        let presence = Arc::clone(&service.presence);
        let due = service.store.read(move |tx| due(tx, &presence)).await?;
        for (owner, id) in due {
            if let Err(error) = schedule::send_due(&service, owner, id).await {
                // One that cannot be sent must not stand in the way of all others.
                tracing::warn!(owner = owner.0, id, %error, "a scheduled message could not be sent");
                schedule::put_off(&service, owner, id, service.now().plus_secs(AGAIN_SECS)).await?;
            }
        }
        Ok(service.store.read(scheduled::next_due).await?)
    })
}

fn due(tx: &mut Tx<'_>, presence: &Presence) -> Result<Vec<(UserId, i32)>, StoreError> {
    let now = tx.now();
    let mut due = scheduled::due(tx, now, BATCH)?;
    for peer in scheduled::awaited(tx, AWAITED_MAX)? {
        let online = peer.user().is_some_and(|user| presence.of(user).online_until > Some(now));
        if online {
            due.extend(scheduled::awaiting(tx, peer, BATCH)?);
        }
    }
    Ok(due)
}
