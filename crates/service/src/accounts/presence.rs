//! `account.updateStatus`: who is online.

use bus::Signal;
use domain::flood::STATUS_CHANGES;
use domain::{Error, UserId};
use store::users;

use crate::Service;

/// A device is in use, or no more. Those who know the user are told when that changes what they see.
///
/// Whoever comes and goes more often than the budget allows does so untold: people who ask see how it is.
pub async fn update(service: &Service, user: UserId, device: i64, online: bool) -> Result<(), Error> {
    let now = service.now();
    let news = if online {
        service.presence.online(user, device, now)
    } else {
        service.presence.offline(user, device, now)
    };
    if !news || service.pace.take(&STATUS_CHANGES, user, now).is_err() {
        return Ok(());
    }
    service.store.write(move |tx| -> Result<(), Error> { Ok(users::set_last_seen(tx, user, now)?) }).await?;
    service.signal(&Signal::Status { user });
    Ok(())
}

/// Those whose devices have been silent for too long are offline.
pub async fn expire(service: &Service) -> Result<(), Error> {
    let gone = service.presence.expire(service.now());
    if gone.is_empty() {
        return Ok(());
    }
    let seen = gone.clone();
    service
        .store
        .write(move |tx| -> Result<(), Error> {
            for (user, at) in seen {
                users::set_last_seen(tx, user, at)?;
            }
            Ok(())
        })
        .await?;
    for (user, _) in gone {
        service.signal(&Signal::Status { user });
    }
    Ok(())
}
