//! People who went away without a word go offline.

use std::sync::Arc;

use domain::{BoxFuture, Error, Time};

use crate::Service;
use crate::accounts::presence;

pub fn run(service: Arc<Service>) -> BoxFuture<Result<Option<Time>, Error>> {
    Box::pin(async move {
        presence::expire(&service).await?;
        Ok(service.presence.next_expiry())
    })
}
