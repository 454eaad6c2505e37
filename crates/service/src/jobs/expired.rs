//! What has run out is forgotten: sign-in codes, tokens, flood counters, keys.

use std::sync::Arc;

use domain::{BoxFuture, Error, Time, flood, limits};
use store::{StoreError, Tx, auth_keys, codes, login_tokens, sent};

use super::BATCH;
use crate::Service;

const DAY_SECS: i64 = 86_400;

pub fn run(service: Arc<Service>) -> BoxFuture<Result<Option<Time>, Error>> {
    Box::pin(async move {
        let full = service.store.write(forget).await?;
        Ok(full.then(|| service.now()))
    })
}

/// True when there may be more.
fn forget(tx: &mut Tx<'_>) -> Result<bool, Error> {
    let now = tx.now();
    let longest = flood::ALL.iter().map(|budget| budget.window_secs).max().unwrap_or(DAY_SECS);
    let forgotten = [
        codes::delete_expired(tx, now, BATCH)?,
        codes::delete_counters(tx, now.plus_secs(-longest), BATCH)?,
        login_tokens::delete_expired(tx, now, BATCH)?,
        auth_keys::delete_expired(tx, now, BATCH)?,
        unused_keys(tx, now)?,
        sent::delete_expired(tx, now.plus_secs(-limits::SENT_SECS), BATCH)?,
    ];
    Ok(forgotten.iter().any(|count| *count >= BATCH.unsigned_abs()))
}

/// Permanent keys that nobody signed in with; their clients make new ones.
fn unused_keys(tx: &mut Tx<'_>, now: Time) -> Result<u64, StoreError> {
    let days_ago = |days: i64| now.plus_secs(-days * DAY_SECS);
    let (before, silent_before) = (days_ago(limits::UNUSED_KEY_DAYS), days_ago(limits::SILENT_KEY_DAYS));
    let unused = auth_keys::unused(tx, before, silent_before, BATCH)?;
    for key in &unused {
        auth_keys::delete(tx, *key)?;
    }
    Ok(u64::try_from(unused.len()).unwrap_or(u64::MAX))
}
