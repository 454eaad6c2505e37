//! Accounts that nobody has used for the period that their owners chose are deleted (P10.4).
//!
//! A server that was away for long, or was restored from an old backup, knows of nobody's last visit. So that it does
//! not delete everybody at its start, people have a month to come back first.

use std::sync::Arc;

use domain::{BoxFuture, Error, Time, UserId};
use store::users::{self, Use};
use store::{StoreError, Tx, facts};

use crate::Service;
use crate::accounts::deletion;

/// Accounts looked at at a time.
const PAGE: i64 = 1000;

/// Accounts deleted in one run; the others have their turn in the next one.
const DELETED: usize = 200;

/// A server that did not look for so long was away.
const AWAY_SECS: i64 = 7 * 86_400;

/// How long people have to come back to a server that was away.
const GRACE_SECS: i64 = 30 * 86_400;

/// The fact that holds when the server looked last, and before when nobody is deleted: seconds, 8 bytes each.
const LOOKED: &str = "unused accounts";

pub fn run(service: Arc<Service>) -> BoxFuture<Result<Option<Time>, Error>> {
    Box::pin(async move {
        if !service.store.write(may_delete).await? {
            return Ok(None);
        }
        let now = service.now();
        let (mut after, mut deleted) = (UserId(0), 0);
        loop {
            let page: Vec<Use> = service.store.read(move |tx| users::uses(tx, after, PAGE)).await?;
            let Some(last) = page.last() else { return Ok(None) };
            after = last.id;
            for used in page.iter().filter(|used| deletion::is_unused(used, now)) {
                deleted += usize::from(deletion::delete_unused(&service, used.id).await?);
                if deleted >= DELETED {
                    return Ok(Some(service.now()));
                }
            }
        }
    })
}

/// Notes that the server is there, and says whether it has been for long enough.
fn may_delete(tx: &mut Tx<'_>) -> Result<bool, StoreError> {
    let now = tx.now().secs();
    let known = facts::get(tx, LOOKED)?.and_then(|bytes| read(&bytes));
    // A new server has nobody to wait for.
    let (looked, mut not_before) = known.unwrap_or((now, now));
    if now > looked + AWAY_SECS {
        not_before = now + GRACE_SECS;
    }
    facts::set(tx, LOOKED, &[now.to_be_bytes(), not_before.to_be_bytes()].concat())?;
    Ok(now >= not_before)
}

fn read(bytes: &[u8]) -> Option<(i64, i64)> {
    let (looked, rest) = bytes.split_first_chunk()?;
    Some((i64::from_be_bytes(*looked), i64::from_be_bytes(rest.try_into().ok()?)))
}
