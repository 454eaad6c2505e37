//! `account.checkUsername`, `account.updateUsername`: the name by which everybody finds a user.

use domain::flood::{CHECK_USERNAME, UPDATE_USERNAME};
use domain::username::{self, Username};
use domain::{Error, Fault, UserId};
use store::{StoreError, Tx, users};
use updates::log::Origin;

use super::update::change;
use crate::Service;
use crate::accounts::flood;

/// Nobody gets these. A widely used client asks for the first one after each start, expects a channel, and
/// crashes when it finds a person.
const RESERVED: &[&str] = &["tdhbcfiles"];

/// Whether the user may take the name, or has it.
///
/// Errors: `USERNAME_INVALID`, `FLOOD_WAIT_x`.
pub async fn is_free(service: &Service, user: UserId, name: &str) -> Result<bool, Error> {
    let name = Username::parse(name)?;
    service
        .store
        .write(move |tx| {
            flood::take(tx, &CHECK_USERNAME, &user.0.to_string(), 1)??;
            Ok(!is_taken(tx, user, &name)?)
        })
        .await
}

/// Gives the user another name; an empty one gives the name up.
///
/// Errors: `USERNAME_INVALID`, `USERNAME_NOT_MODIFIED`, `USERNAME_OCCUPIED`, `FLOOD_WAIT_x`.
pub async fn update(service: &Service, user: UserId, name: &str, origin: Origin) -> Result<(), Error> {
    let name = if name.is_empty() { None } else { Some(Username::parse(name)?) };
    service
        .store
        .write(move |tx| {
            flood::take(tx, &UPDATE_USERNAME, &user.0.to_string(), 1)??;
            let before = users::get(tx, user)?.ok_or_else(Fault::auth_key_unregistered)?.profile;
            let mut profile = before.clone();
            name.as_ref().map_or("", Username::as_str).clone_into(&mut profile.username);
            if profile.username == before.username {
                return Err(Fault::username_not_modified().into());
            }
            if let Some(name) = &name
                && is_taken(tx, user, name)?
            {
                return Err(Fault::username_occupied().into());
            }
            change(tx, user, &before, &profile, origin)
        })
        .await
}

fn is_taken(tx: &mut Tx<'_>, user: UserId, name: &Username) -> Result<bool, StoreError> {
    if RESERVED.contains(&username::fold(name.as_str()).as_str()) {
        return Ok(true);
    }
    Ok(users::by_username(tx, name.as_str())?.is_some_and(|owner| owner != user))
}
