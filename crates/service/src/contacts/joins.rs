//! `account.setContactSignUpNotification`: whether to hear of contacts who join.

use domain::{Error, UserId};
use store::{StoreError, Tx, settings};

use crate::Service;

const NAME: &str = "silent joins";

/// Whether the owner does not want to hear of contacts who join.
pub fn are_silent(tx: &mut Tx<'_>, owner: UserId) -> Result<bool, StoreError> {
    Ok(settings::get(tx, owner, NAME)?.is_some())
}

pub async fn silence(service: &Service, owner: UserId, silent: bool) -> Result<(), Error> {
    service
        .store
        .write(move |tx| {
            if silent {
                settings::set(tx, owner, NAME, &[1])?
            } else {
                settings::clear(tx, owner, NAME)?
            }
            Ok(())
        })
        .await
}

pub async fn is_silent(service: &Service, owner: UserId) -> Result<bool, Error> {
    service.store.read(move |tx| Ok(are_silent(tx, owner)?)).await
}
