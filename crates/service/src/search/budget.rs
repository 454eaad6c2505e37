//! How often somebody may search for words.

use domain::flood::SEARCH;
use domain::{Error, UserId};

use crate::Service;
use crate::accounts::flood;

/// Errors: `FLOOD_WAIT_x`.
pub async fn take(service: &Service, user: UserId) -> Result<(), Error> {
    service
        .store
        .write(move |tx| -> Result<(), Error> {
            flood::take(tx, &SEARCH, &user.0.to_string(), 1)??;
            Ok(())
        })
        .await
}
