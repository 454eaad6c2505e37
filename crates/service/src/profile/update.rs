//! `account.updateProfile` and `account.updateBirthday`: names, and what one says about oneself.

use domain::flood::UPDATE_PROFILE;
use domain::hint::News;
use domain::{Error, Fault, Hint, UserId, birthday, names};
pub use store::users::Birthday;
use store::{Tx, users};
use updates::event;
use updates::log::{self, Origin};

use crate::Service;
use crate::accounts::flood;

/// What is not named stays as it is.
pub struct Update {
    pub user: UserId,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub about: Option<String>,
    pub origin: Origin,
}

/// Errors: `FIRSTNAME_INVALID`, `ABOUT_TOO_LONG`, `FLOOD_WAIT_x`.
pub async fn update(service: &Service, command: Update) -> Result<(), Error> {
    let first_name = command.first_name.as_deref().map(names::first_name).transpose()?;
    let last_name = command.last_name.as_deref().map(names::last_name);
    let about = command.about.as_deref().map(|about| names::about(about, false)).transpose()?;
    let (user, origin) = (command.user, command.origin);
    service
        .store
        .write(move |tx| {
            flood::take(tx, &UPDATE_PROFILE, &user.0.to_string(), 1)??;
            let before = users::get(tx, user)?.ok_or_else(Fault::auth_key_unregistered)?.profile;
            let mut profile = before.clone();
            profile.first_name = first_name.unwrap_or(profile.first_name);
            profile.last_name = last_name.unwrap_or(profile.last_name);
            profile.about = about.unwrap_or(profile.about);
            change(tx, user, &before, &profile, origin)
        })
        .await
}

/// `account.updateBirthday`: sets it, or takes it away.
///
/// Errors: `BIRTHDAY_INVALID`, `FLOOD_WAIT_x`.
pub async fn birthday(
    service: &Service,
    user: UserId,
    date: Option<Birthday>,
    origin: Origin,
) -> Result<(), Error> {
    if let Some(date) = date {
        birthday::check(date.day, date.month, date.year, service.now())?;
    }
    service
        .store
        .write(move |tx| {
            flood::take(tx, &UPDATE_PROFILE, &user.0.to_string(), 1)??;
            let before = users::get(tx, user)?.ok_or_else(Fault::auth_key_unregistered)?.profile;
            let profile = users::Profile { birthday: date, ..before.clone() };
            change(tx, user, &before, &profile, origin)
        })
        .await
}

/// Writes a profile, and tells the user's other devices and those who know the user what is new.
pub(super) fn change(
    tx: &mut Tx<'_>,
    user: UserId,
    before: &users::Profile,
    profile: &users::Profile,
    origin: Origin,
) -> Result<(), Error> {
    if before == profile {
        return Ok(());
    }
    users::set_profile(tx, user, profile)?;
    let names = |profile: &users::Profile| {
        (profile.first_name.clone(), profile.last_name.clone(), profile.username.clone())
    };
    if names(before) != names(profile) {
        log::append(tx, user, event::names(user, profile), origin)?;
        tx.hint(Hint::User { user, news: News::Names });
    }
    if before.about != profile.about || before.birthday != profile.birthday {
        log::append(tx, user, event::profile(user), origin)?;
        tx.hint(Hint::User { user, news: News::Profile });
    }
    Ok(())
}
