//! `contacts.toggleTopPeers`: whether the people one writes to most may be rated.

use domain::{Error, UserId};
use store::settings;

use crate::Service;

const NAME: &str = "no ratings";

/// Nobody is rated here either way; what the user chose is kept for their devices.
pub async fn enable(service: &Service, owner: UserId, enabled: bool) -> Result<(), Error> {
    service
        .store
        .write(move |tx| {
            if enabled {
                settings::clear(tx, owner, NAME)?;
            } else {
                settings::set(tx, owner, NAME, &[1])?;
            }
            Ok(())
        })
        .await
}

pub async fn are_enabled(service: &Service, owner: UserId) -> Result<bool, Error> {
    service.store.read(move |tx| Ok(settings::get(tx, owner, NAME)?.is_none())).await
}
