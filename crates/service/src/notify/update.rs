//! `account.updateNotifySettings`, `account.resetNotifySettings`.

use domain::{Error, Fault, UserId, limits};
use store::notify;
use updates::log::{self, Origin};
use updates::notify as view;

pub use store::notify::{Scope, Settings, Sound};

use crate::Service;

/// Sets how devices tell of new messages: what is not named follows the default again.
///
/// Errors: `SETTINGS_INVALID`.
pub async fn update(
    service: &Service,
    user: UserId,
    scope: Scope,
    settings: Settings,
    origin: Origin,
) -> Result<(), Error> {
    for sound in [&settings.sound, &settings.stories_sound].into_iter().flatten() {
        check(sound)?;
    }
    service
        .store
        .write(move |tx| {
            if settings == Settings::default() {
                notify::delete(tx, user, scope)?;
            } else {
                notify::set(tx, user, scope, &settings)?;
            }
            log::append(tx, user, view::changed(scope, &settings), origin)?;
            Ok(())
        })
        .await
}

/// Back to the defaults everywhere.
pub async fn reset(service: &Service, user: UserId, origin: Origin) -> Result<(), Error> {
    service
        .store
        .write(move |tx| {
            for (scope, _) in notify::all(tx, user)? {
                log::append(tx, user, view::changed(scope, &Settings::default()), origin)?;
            }
            Ok(notify::delete_all(tx, user)?)
        })
        .await
}

fn check(sound: &Sound) -> Result<(), Fault> {
    match sound {
        Sound::Local { title, data } if title.len().max(data.len()) > limits::SOUND_NAME_BYTES => {
            Err(Fault::settings_invalid())
        }
        _ => Ok(()),
    }
}
