//! Notification settings in their wire form.

use std::collections::HashMap;

use domain::{Peer, UserId};
use store::notify::{self, Scope, Settings, Sound};
use store::{StoreError, Tx};
use tl_api::{enums, types};

use crate::log::Event;
use crate::people;

/// The settings in force for a kind of chats, or those that a dialog has of its own.
pub fn settings(
    tx: &mut Tx<'_>,
    owner: UserId,
    scope: Scope,
) -> Result<types::PeerNotifySettings, StoreError> {
    Ok(to_tl(scope, &notify::get(tx, owner, scope)?.unwrap_or_default()))
}

/// The settings of those of the peers that have their own.
pub fn of_peers(
    tx: &mut Tx<'_>,
    owner: UserId,
    peers: &[Peer],
) -> Result<HashMap<Peer, types::PeerNotifySettings>, StoreError> {
    let found = notify::of_peers(tx, owner, peers)?;
    let own = found.iter().filter_map(|(scope, settings)| match scope {
        Scope::Peer(peer) => Some((*peer, to_tl(*scope, settings))),
        _ => None,
    });
    Ok(own.collect())
}

/// Everything that the owner has set for single dialogs, as updates.
pub fn exceptions(
    tx: &mut Tx<'_>,
    owner: UserId,
) -> Result<Vec<(Peer, types::UpdateNotifySettings)>, StoreError> {
    let all = notify::all(tx, owner)?;
    let own = all.iter().filter_map(|(scope, settings)| match scope {
        Scope::Peer(peer) => Some((*peer, update(*scope, settings))),
        _ => None,
    });
    Ok(own.collect())
}

/// Settings were changed.
pub fn changed(scope: Scope, settings: &Settings) -> Event {
    Event::beside(update(scope, settings))
}

fn update(scope: Scope, settings: &Settings) -> types::UpdateNotifySettings {
    types::UpdateNotifySettings { peer: scope_to_tl(scope), notify_settings: to_tl(scope, settings) }
}

fn scope_to_tl(scope: Scope) -> enums::NotifyPeer {
    match scope {
        Scope::Users => enums::NotifyPeer::NotifyUsers,
        Scope::Chats => enums::NotifyPeer::NotifyChats,
        Scope::Broadcasts => enums::NotifyPeer::NotifyBroadcasts,
        Scope::Peer(peer) => types::NotifyPeer { peer: people::peer(peer) }.into(),
    }
}

/// What a dialog does not say follows its kind of chats; what that does not say is filled in here.
fn to_tl(scope: Scope, settings: &Settings) -> types::PeerNotifySettings {
    let complete = !matches!(scope, Scope::Peer(_));
    let or = |value: Option<bool>, default: bool| value.or(complete.then_some(default));
    let sound = |sound: &Option<Sound>| {
        sound.as_ref().map(sound_to_tl).or(complete.then_some(enums::NotificationSound::Default))
    };
    types::PeerNotifySettings {
        show_previews: or(settings.show_previews, true),
        silent: or(settings.silent, false),
        mute_until: settings.mute_until.or(complete.then_some(0)),
        ios_sound: sound(&settings.sound),
        android_sound: sound(&settings.sound),
        other_sound: sound(&settings.sound),
        stories_muted: settings.stories_muted,
        stories_hide_sender: settings.stories_hide_sender,
        stories_ios_sound: settings.stories_sound.as_ref().map(sound_to_tl),
        stories_android_sound: settings.stories_sound.as_ref().map(sound_to_tl),
        stories_other_sound: settings.stories_sound.as_ref().map(sound_to_tl),
    }
}

fn sound_to_tl(sound: &Sound) -> enums::NotificationSound {
    match sound {
        Sound::Default => enums::NotificationSound::Default,
        Sound::None => enums::NotificationSound::None,
        Sound::Local { title, data } => {
            types::NotificationSoundLocal { title: title.clone(), data: data.clone() }.into()
        }
        Sound::Ringtone { id } => types::NotificationSoundRingtone { id: *id }.into(),
    }
}
