//! What the server shows of somebody's box.

use std::collections::BTreeMap;

use tl_api::{enums, functions, types};

use crate::people::{Crowd, Person};
use crate::record::tag_of;

const PAGE: i32 = 100;

/// A message as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) peer: usize,
    pub(crate) out: bool,
    pub(crate) text: String,
    /// `None`: the server's own, such as that somebody joined.
    pub(crate) tag: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    pub(crate) read_inbox: i32,
    pub(crate) read_outbox: i32,
    pub(crate) unread: i32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Contents {
    pub(crate) messages: BTreeMap<i32, Seen>,
    pub(crate) marks: BTreeMap<usize, Marks>,
}

impl Contents {
    /// Reads everything.
    pub(crate) async fn read(crowd: &Crowd, person: &Person) -> Result<Self, String> {
        let mut contents = Self::default();
        let own = std::iter::once((person.index, enums::InputPeer::PeerSelf));
        let peers: Vec<_> =
            own.chain(person.peers.iter().map(|(index, peer)| (*index, peer.clone()))).collect();
        for (_, peer) in &peers {
            contents.read_dialog(crowd, person, peer).await?;
        }
        let dialog = |peer: &enums::InputPeer| types::InputDialogPeer { peer: peer.clone() }.into();
        let peers = peers.iter().map(|(_, peer)| dialog(peer)).collect();
        let found = person.ask(&functions::messages::GetPeerDialogs { peers }).await?;
        for dialog in &found.dialogs {
            if let enums::Dialog::Dialog(dialog) = dialog
                && let Some(peer) = user(crowd, &dialog.peer)
            {
                let marks = Marks {
                    read_inbox: dialog.read_inbox_max_id,
                    read_outbox: dialog.read_outbox_max_id,
                    unread: dialog.unread_count,
                };
                contents.marks.insert(peer, marks);
            }
        }
        Ok(contents)
    }

    async fn read_dialog(
        &mut self,
        crowd: &Crowd,
        person: &Person,
        peer: &enums::InputPeer,
    ) -> Result<(), String> {
        let mut offset_id = 0;
        loop {
            let request = functions::messages::GetHistory {
                peer: peer.clone(),
                offset_id,
                limit: PAGE,
                ..Default::default()
            };
            let page = match person.ask(&request).await? {
                enums::messages::Messages::Messages(page) => page.messages,
                enums::messages::Messages::Slice(page) => page.messages,
                _ => return Err(format!("person {}: a strange history", person.index)),
            };
            let Some(lowest) = page.iter().filter_map(message_id).min() else { return Ok(()) };
            for message in &page {
                if let Some((id, seen)) = seen(crowd, person, message)
                    && self.messages.insert(id, seen).is_some()
                {
                    return Err(format!("person {}: message {id} was shown twice", person.index));
                }
            }
            offset_id = lowest;
        }
    }
}

pub(crate) fn message_id(message: &enums::Message) -> Option<i32> {
    match message {
        enums::Message::Message(message) => Some(message.id),
        enums::Message::Service(message) => Some(message.id),
        enums::Message::Empty(_) => None,
    }
}

/// A message with people by number. `None` for one with somebody who is not of the crowd, such as the service
/// account.
pub(crate) fn seen(crowd: &Crowd, person: &Person, message: &enums::Message) -> Option<(i32, Seen)> {
    let (id, peer, out, text) = match message {
        enums::Message::Message(it) => (it.id, &it.peer_id, it.out, it.message.clone()),
        enums::Message::Service(it) => (it.id, &it.peer_id, it.out, String::new()),
        enums::Message::Empty(_) => return None,
    };
    let peer = user(crowd, peer)?;
    // In the chat with oneself nothing is out or in.
    let out = out || peer == person.index;
    Some((id, Seen { peer, out, tag: tag_of(&text), text }))
}

pub(crate) fn user(crowd: &Crowd, peer: &enums::Peer) -> Option<usize> {
    match peer {
        enums::Peer::User(user) => crowd.index_of(user.user_id),
        _ => None,
    }
}
