//! `account.getAccountTTL`, `account.setAccountTTL`: how long an account lives unused (P10.4).

use domain::{Error, Fault, UserId, limits};
use store::users;

use crate::Service;

/// Days without use after which the account is deleted.
pub async fn days(service: &Service, user: UserId) -> Result<i32, Error> {
    let periods = service.store.read(move |tx| -> Result<_, Error> { Ok(users::periods(tx, user)?) }).await?;
    Ok(periods.map_or(limits::ACCOUNT_TTL_DAYS_DEFAULT, |periods| periods.delete_after_days))
}

/// Errors: `TTL_DAYS_INVALID`.
pub async fn set_days(service: &Service, user: UserId, days: i32) -> Result<(), Error> {
    if !(limits::ACCOUNT_TTL_DAYS_MIN..=limits::ACCOUNT_TTL_DAYS_MAX).contains(&days) {
        return Err(Fault::ttl_days_invalid().into());
    }
    service.store.write(move |tx| Ok(users::set_delete_after(tx, user, days)?)).await
}
