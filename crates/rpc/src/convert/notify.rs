//! Notification settings as clients send them.

use domain::{Fault, UserId};
use service::notify::update::{Scope, Settings, Sound};
use tl_api::{enums, types};
use updates::Tx;

use super::from_tl;

/// Errors: `PEER_ID_INVALID`, also for topics and communities, which do not exist here.
pub fn scope(tx: &Tx<'_>, me: UserId, peer: &enums::InputNotifyPeer) -> Result<Scope, Fault> {
    use enums::InputNotifyPeer as Tl;
    match peer {
        Tl::InputNotifyUsers => Ok(Scope::Users),
        Tl::InputNotifyChats => Ok(Scope::Chats),
        Tl::InputNotifyBroadcasts => Ok(Scope::Broadcasts),
        Tl::InputNotifyPeer(peer) => from_tl::input_peer(tx, me, &peer.peer).map(Scope::Peer),
        Tl::InputNotifyForumTopic(_) | Tl::InputNotifyCommunity(_) => Err(Fault::peer_id_invalid()),
    }
}

pub fn settings(settings: types::InputPeerNotifySettings) -> Settings {
    Settings {
        show_previews: settings.show_previews,
        silent: settings.silent,
        mute_until: settings.mute_until,
        sound: settings.sound.map(sound),
        stories_muted: settings.stories_muted,
        stories_hide_sender: settings.stories_hide_sender,
        stories_sound: settings.stories_sound.map(sound),
    }
}

fn sound(sound: enums::NotificationSound) -> Sound {
    match sound {
        enums::NotificationSound::Default => Sound::Default,
        enums::NotificationSound::None => Sound::None,
        enums::NotificationSound::Local(sound) => Sound::Local { title: sound.title, data: sound.data },
        enums::NotificationSound::Ringtone(sound) => Sound::Ringtone { id: sound.id },
    }
}
