//! Devices that were not used for longer than their users let them be are signed out.

use std::sync::Arc;

use domain::{BoxFuture, Error, Time};
use store::auth_keys;

use super::BATCH;
use crate::Service;

pub fn run(service: Arc<Service>) -> BoxFuture<Result<Option<Time>, Error>> {
    Box::pin(async move {
        let count = service
            .store
            .write(move |tx| -> Result<usize, Error> {
                let idle = auth_keys::idle(tx, tx.now(), BATCH)?;
                for key in &idle {
                    auth_keys::sign_out(tx, *key, true)?;
                }
                Ok(idle.len())
            })
            .await?;
        let more = i64::try_from(count).unwrap_or(i64::MAX) >= BATCH;
        Ok(more.then(|| service.now()))
    })
}
