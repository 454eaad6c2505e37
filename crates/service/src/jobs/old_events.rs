//! Events that no device can need any more are forgotten.

use std::sync::Arc;

use domain::{BoxFuture, Error, Time, UserId, limits};
use store::{Tx, events};

use super::BATCH;
use crate::Service;

/// Boxes looked at at a time.
const OWNERS: i64 = 1000;

/// Transactions in one run; then other jobs have their turn.
const ROUNDS: usize = 200;

const DAY_SECS: i64 = 86_400;

pub fn run(service: Arc<Service>) -> BoxFuture<Result<Option<Time>, Error>> {
    Box::pin(async move {
        let before = service.now().plus_secs(-limits::EVENT_DAYS * DAY_SECS);
        let (mut after, mut rounds) = (UserId(0), 0);
        loop {
            let page = service.store.read(move |tx| events::oldest(tx, after, OWNERS)).await?;
            let Some((last, _)) = page.last().copied() else { return Ok(None) };
            after = last;
            let old = page.into_iter().filter(|(_, date)| date.is_some_and(|date| date < before));
            for (owner, _) in old {
                let prune = move |tx: &mut Tx<'_>| events::prune(tx, owner, before, BATCH);
                while service.store.write(prune).await? {
                    rounds += 1;
                }
                rounds += 1;
                if rounds >= ROUNDS {
                    return Ok(Some(service.now()));
                }
            }
        }
    })
}
