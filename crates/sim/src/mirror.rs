//! What a device knows of its owner's box, kept as clients keep it.

use std::collections::BTreeMap;

use grammers_tl_types::{enums, types};

/// A client's copy of a box.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mirror {
    pub(crate) messages: BTreeMap<i32, enums::Message>,
    pub(crate) scheduled: BTreeMap<i32, enums::Message>,
    pub(crate) chats: BTreeMap<i64, Chat>,
    /// What the device did itself and hears of no other way, by the number that stands for it.
    pub(crate) effects: Vec<Effect>,
}

/// What is known of a dialog.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Chat {
    pub(crate) read_inbox: i32,
    pub(crate) read_outbox: i32,
    /// Of the last word of the server, where it came with one: how much was left unread above that id.
    pub(crate) left: Option<(i32, i32)>,
    pub(crate) draft: String,
    pub(crate) marked: bool,
}

/// The part of a deletion that clients work out themselves.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    pub(crate) peer: i64,
    pub(crate) max_id: i32,
}

impl Mirror {
    pub(crate) fn apply(&mut self, update: enums::Update) {
        use enums::Update as U;
        match update {
            U::NewMessage(update) => {
                self.messages.insert(update.message.id(), update.message);
            }
            U::EditMessage(update) => {
                if let Some(known) = self.messages.get_mut(&update.message.id()) {
                    *known = update.message;
                }
            }
            U::DeleteMessages(update) => update.messages.iter().for_each(|id| self.delete(*id)),
            U::ReadHistoryInbox(update) => {
                let chat = self.chat(&update.peer);
                chat.read_inbox = chat.read_inbox.max(update.max_id);
            }
            U::ReadHistoryOutbox(update) => {
                let chat = self.chat(&update.peer);
                chat.read_outbox = chat.read_outbox.max(update.max_id);
            }
            U::PinnedMessages(update) => {
                for id in update.messages {
                    if let Some(enums::Message::Message(message)) = self.messages.get_mut(&id) {
                        message.pinned = update.pinned;
                    }
                }
            }
            U::ReadMessagesContents(update) => {
                for id in update.messages {
                    if let Some(enums::Message::Message(message)) = self.messages.get_mut(&id) {
                        message.media_unread = false;
                        message.mentioned = false;
                        seen(message);
                    }
                }
            }
            U::MessageReactions(update) => {
                if let Some(enums::Message::Message(message)) = self.messages.get_mut(&update.msg_id) {
                    let enums::MessageReactions::Reactions(reactions) = update.reactions;
                    message.reactions =
                        Some(enums::MessageReactions::Reactions(reactions)).filter(|all| !is_empty(all));
                }
            }
            U::DraftMessage(update) => self.chat(&update.peer).draft = draft(Some(&update.draft)),
            U::DialogUnreadMark(update) => {
                if let enums::DialogPeer::Peer(peer) = &update.peer {
                    self.chat(&peer.peer).marked = update.unread;
                }
            }
            U::NewScheduledMessage(update) => {
                self.scheduled.insert(update.message.id(), update.message);
            }
            U::DeleteScheduledMessages(update) => {
                for id in update.messages {
                    self.scheduled.remove(&id);
                }
            }
            _ => {}
        }
    }

    /// A negative id stands for an effect.
    fn delete(&mut self, id: i32) {
        if id >= 0 {
            self.messages.remove(&id);
            return;
        }
        let at = usize::try_from(-1 - i64::from(id)).unwrap_or(usize::MAX);
        if let Some(effect) = self.effects.get(at).cloned() {
            self.messages.retain(|id, message| *id > effect.max_id || peer_of(message) != effect.peer);
        }
    }

    /// Notes an effect, and gives the id that stands for it.
    pub(crate) fn effect(&mut self, effect: Effect) -> i32 {
        self.effects.push(effect);
        -i32::try_from(self.effects.len()).unwrap_or(i32::MAX)
    }

    fn chat(&mut self, peer: &enums::Peer) -> &mut Chat {
        self.chats.entry(user_of(peer)).or_default()
    }

    /// Takes a dialog as the server lists it.
    pub(crate) fn take_dialog(&mut self, dialog: &types::Dialog) {
        *self.chat(&dialog.peer) = Chat {
            read_inbox: dialog.read_inbox_max_id,
            read_outbox: dialog.read_outbox_max_id,
            left: None,
            draft: draft(dialog.draft.as_ref()),
            marked: dialog.unread_mark,
        };
    }

    pub(crate) fn with(&self, peer: i64) -> impl Iterator<Item = &enums::Message> {
        self.messages.values().filter(move |message| peer_of(message) == peer)
    }

    /// Messages of a chat that the owner has not read.
    pub(crate) fn unread(&self, peer: i64) -> usize {
        let mark = self.chats.get(&peer).map_or(0, |chat| chat.read_inbox);
        self.with(peer).filter(|message| !is_out(message) && message.id() > mark).count()
    }

    /// Messages of a chat that the other side has not read.
    pub(crate) fn unseen(&self, peer: i64) -> usize {
        let mark = self.chats.get(&peer).map_or(0, |chat| chat.read_outbox);
        self.with(peer).filter(|message| is_out(message) && message.id() > mark).count()
    }
}

fn seen(message: &mut types::Message) {
    if let Some(enums::MessageReactions::Reactions(all)) = &mut message.reactions {
        for recent in all.recent_reactions.iter_mut().flatten() {
            let enums::MessagePeerReaction::Reaction(recent) = recent;
            recent.unread = false;
        }
    }
}

fn is_empty(reactions: &enums::MessageReactions) -> bool {
    let enums::MessageReactions::Reactions(all) = reactions;
    all.results.is_empty()
}

pub(crate) fn draft(draft: Option<&enums::DraftMessage>) -> String {
    match draft {
        Some(enums::DraftMessage::Message(draft)) => draft.message.clone(),
        _ => String::new(),
    }
}

/// The user of a private chat; 0 for anything else, which this server does not have yet.
pub(crate) fn user_of(peer: &enums::Peer) -> i64 {
    match peer {
        enums::Peer::User(peer) => peer.user_id,
        _ => 0,
    }
}

pub(crate) fn peer_of(message: &enums::Message) -> i64 {
    match message {
        enums::Message::Message(message) => user_of(&message.peer_id),
        enums::Message::Service(message) => user_of(&message.peer_id),
        enums::Message::Empty(_) => 0,
    }
}

pub(crate) fn is_out(message: &enums::Message) -> bool {
    match message {
        enums::Message::Message(message) => message.out,
        enums::Message::Service(message) => message.out,
        enums::Message::Empty(_) => false,
    }
}

/// The words of a message that somebody wrote.
pub(crate) fn text(message: &enums::Message) -> &str {
    match message {
        enums::Message::Message(message) => &message.message,
        _ => "",
    }
}
