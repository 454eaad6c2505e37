//! Makes the packs of the search index that boxes miss.

use std::sync::Arc;

use domain::{BoxFuture, Error, Time, UserId};
use store::{StoreError, words};

use crate::Service;
use crate::search::index;

/// Boxes that are looked at together.
const OWNERS: usize = 50;

/// Packs made in one run. Nobody waits for them, so they get a small share of the machine, and what is left is
/// made when there is less to do.
const PACKS: usize = 20;

/// Boxes found in one look for those that are behind.
const BEHIND: i64 = 1000;

pub fn run(service: Arc<Service>) -> BoxFuture<Result<Option<Time>, Error>> {
    Box::pin(async move {
        let list = &service.unindexed;
        let mut made = 0;
        while made < PACKS {
            let owners = list.take(OWNERS);
            if !owners.is_empty() {
                let asked = owners.clone();
                let missing = service.store.read(move |tx| index::missing(tx, &asked, PACKS)).await;
                let missing = missing.inspect_err(|_| list.add(&owners))?;
                made += missing.len();
                let mut left = Vec::new();
                if missing.len() == PACKS {
                    // There may be more than were looked for.
                    left.clone_from(&owners);
                }
                for (owner, number) in missing {
                    match one(&service, owner, number).await {
                        // Without its key there is nothing to be found in a box.
                        Ok(true) | Err(StoreError::Shredded) => {}
                        Ok(false) => left.push(owner),
                        Err(error) => {
                            list.add(&owners);
                            return Err(error.into());
                        }
                    }
                }
                list.add(&left);
                if !left.is_empty() {
                    break;
                }
            } else if let Some(after) = list.scan() {
                let behind = service.store.read(move |tx| words::behind(tx, after, BEHIND)).await?;
                list.scanned(behind.last().copied());
                list.add(&behind);
            } else {
                break;
            }
        }
        Ok(None)
    })
}

async fn one(service: &Service, owner: UserId, number: i32) -> Result<bool, StoreError> {
    let draft = service.store.read(move |tx| index::draft(tx, owner, number)).await?;
    service.store.write(move |tx| index::keep(tx, &draft)).await
}
