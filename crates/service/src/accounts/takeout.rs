//! `account.initTakeoutSession` and `account.finishTakeoutSession`: a device that takes everything out.

use domain::flood::TAKEOUT;
use domain::{Error, Fault, UserId};
use store::settings;

use super::flood;
use crate::Service;

const NAME: &str = "takeout";

/// Begins; gives the id that the device shows with its calls. What it may read, it may read without it, too.
///
/// Errors: `TAKEOUT_INIT_DELAY_x` when there were too many.
pub async fn begin(service: &Service, user: UserId) -> Result<i64, Error> {
    let id = i64::from_be_bytes(service.random.bytes()) & i64::MAX;
    service
        .store
        .write(move |tx| {
            if let Some(wait) = flood::spent(tx, &TAKEOUT, &user.0.to_string())? {
                let secs = wait.text.trim_start_matches("FLOOD_WAIT_").parse().unwrap_or(1);
                return Err(Fault::takeout_init_delay(secs).into());
            }
            flood::take(tx, &TAKEOUT, &user.0.to_string(), 1)??;
            settings::set(tx, user, NAME, &id.to_be_bytes())?;
            Ok(id)
        })
        .await
}

/// Ends.
///
/// Errors: `TAKEOUT_REQUIRED` when none was begun.
pub async fn end(service: &Service, user: UserId) -> Result<(), Error> {
    service
        .store
        .write(move |tx| {
            settings::get(tx, user, NAME)?.ok_or_else(Fault::takeout_required)?;
            Ok(settings::clear(tx, user, NAME)?)
        })
        .await
}
