//! Brings the search index up to the event log.

use std::sync::Arc;

use domain::{BoxFuture, Error, Time};
use store::words;

use crate::Service;
use crate::search::index;

/// Boxes that one transaction looks at.
const OWNERS: usize = 50;

/// Transactions in one run; then other jobs have their turn.
const ROUNDS: usize = 100;

/// Boxes found in one look for those that are behind.
const BEHIND: i64 = 1000;

pub fn run(service: Arc<Service>) -> BoxFuture<Result<Option<Time>, Error>> {
    Box::pin(async move {
        let list = &service.unindexed;
        for _ in 0..ROUNDS {
            let owners = list.take(OWNERS);
            if !owners.is_empty() {
                let batch = owners.clone();
                match service.store.write(move |tx| index::batch(tx, &batch)).await {
                    Ok(left) => list.add(&left),
                    Err(error) => {
                        list.add(&owners);
                        return Err(error.into());
                    }
                }
            } else if let Some(after) = list.scan() {
                let behind = service.store.read(move |tx| words::behind(tx, after, BEHIND)).await?;
                list.scanned(behind.last().copied());
                list.add(&behind);
            } else {
                break;
            }
        }
        Ok((!list.is_empty()).then(|| service.now()))
    })
}
