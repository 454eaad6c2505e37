//! What is left of deleted accounts goes, and data keys that could not be wiped are tried again.

use std::sync::Arc;

use domain::{BoxFuture, Error, Time};

use super::BATCH;
use crate::Service;
use crate::accounts::deletion;

/// Pieces of one account in one run; then others have their turn.
const PIECES: usize = 20;

/// Accounts in one run.
const ACCOUNTS: i64 = 10;

/// How long a data key has to be wiped in before it is tried again.
const AGAIN_SECS: i64 = 30;

pub fn run(service: Arc<Service>) -> BoxFuture<Result<Option<Time>, Error>> {
    Box::pin(async move {
        deletion::shred_again(&service, service.now().plus_secs(-AGAIN_SECS), BATCH).await?;
        let mut is_more = false;
        for user in deletion::pending(&service, ACCOUNTS).await? {
            is_more |= !deletion::go_on(&service, user, PIECES).await?;
        }
        Ok(is_more.then(|| service.now()))
    })
}
