//! Deletes messages whose time is over, each box's copy on its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{BoxFuture, Error, Time, UserId};
use store::{StoreError, Tx, messages};

use crate::Service;
use crate::messages::erase;

/// Messages deleted in one transaction.
const BATCH: i64 = 500;

pub fn run(service: Arc<Service>) -> BoxFuture<Result<Option<Time>, Error>> {
    Box::pin(async move {
        let now = service.now();
        // Looks first: most of the time nothing is due, and a look costs no commit.
        let next = service.store.read(messages::next_due).await?;
        if next.is_none_or(|next| next > now) {
            return Ok(next);
        }
        Ok(service.store.write(delete_due).await?)
    })
}

fn delete_due(tx: &mut Tx<'_>) -> Result<Option<Time>, StoreError> {
    let now = tx.now();
    let mut due: BTreeMap<UserId, Vec<i32>> = BTreeMap::new();
    for (owner, id) in messages::due(tx, now, BATCH)? {
        due.entry(owner).or_default().push(id);
    }
    for (owner, ids) in due {
        erase::erase(tx, owner, &ids, None)?;
    }
    messages::next_due(tx)
}
