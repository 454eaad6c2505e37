//! The account of the server itself, which brings sign-in codes and notices.

use domain::{Error, ids};
use store::{Tx, users};

use crate::Service;

/// The number that clients show for it. It is no number of anybody: codes are never sent to it.
const PHONE: &str = "42777";

/// Makes the account if it is not there. To be called before the first client is let in.
pub async fn ensure(service: &Service) -> Result<(), Error> {
    service.store.write(create).await
}

fn create(tx: &mut Tx<'_>) -> Result<(), Error> {
    if users::get(tx, ids::SERVICE_USER)?.is_some() {
        return Ok(());
    }
    let profile = users::Profile {
        phone: PHONE.to_owned(),
        first_name: "Chatters".to_owned(),
        ..users::Profile::default()
    };
    Ok(users::insert(tx, ids::SERVICE_USER, &profile, users::User::SERVICE)?)
}
