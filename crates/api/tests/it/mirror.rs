//! What a device knows of its owner's box, kept the way clients keep it: from answers, from pushes or
//! from differences. Two devices that heard of the same events in different ways must end up alike.

use std::collections::BTreeMap;

use domain::Peer;
use testkit::world::Device;
use tl_api::{enums, functions, types};

/// A client's copy of a box.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mirror {
    pub(crate) pts: i32,
    pub(crate) date: i32,
    /// The most events that the device takes in one slice of a difference.
    pub(crate) slice: Option<i32>,
    pub(crate) known: Known,
}

/// What is compared between two devices.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Known {
    pub(crate) messages: BTreeMap<i32, enums::Message>,
    pub(crate) scheduled: BTreeMap<i32, enums::Message>,
    pub(crate) read_inbox: BTreeMap<i64, (i32, i32)>,
    pub(crate) read_outbox: BTreeMap<i64, i32>,
    pub(crate) timers: BTreeMap<i64, Option<i32>>,
    pub(crate) drafts: BTreeMap<i64, enums::DraftMessage>,
}

impl Mirror {
    /// A device that begins to listen now, and knows what is there already.
    pub(crate) async fn of(device: &Device) -> Self {
        let state = device.call(functions::updates::GetState {}).await;
        device.pushed().await;
        Self { pts: state.pts, date: state.date, ..Self::default() }
    }

    /// Takes in what was pushed.
    ///
    /// # Panics
    /// When an update does not follow on the one before.
    pub(crate) async fn hear(&mut self, device: &Device) {
        for updates in device.pushed_whole().await {
            self.take(updates);
        }
    }

    /// Takes in an answer or a push.
    pub(crate) fn take(&mut self, updates: types::Updates) {
        for update in updates.updates {
            self.take_one(update);
        }
        self.date = self.date.max(updates.date);
    }

    fn take_one(&mut self, update: enums::Update) {
        if let Some((pts, count)) = pts_of(&update) {
            if pts <= self.pts {
                return;
            }
            assert_eq!(self.pts + count, pts, "a hole before {update:?}");
            self.pts = pts;
        }
        self.known.apply(update);
    }

    /// Fetches what was missed, slice by slice.
    pub(crate) async fn catch_up(&mut self, device: &Device) {
        use enums::updates::Difference;
        for _ in 0..1000 {
            let request = functions::updates::GetDifference {
                pts: self.pts,
                date: self.date,
                qts: -1,
                pts_limit: self.slice,
                ..Default::default()
            };
            let (messages, others, state, last) = match device.call(request).await {
                Difference::Empty(empty) => {
                    self.date = empty.date;
                    return;
                }
                Difference::Difference(all) => (all.new_messages, all.other_updates, all.state, true),
                Difference::Slice(slice) => {
                    (slice.new_messages, slice.other_updates, slice.intermediate_state, false)
                }
                Difference::TooLong(_) => panic!("too long"),
            };
            for message in messages {
                self.known.messages.insert(id(&message), message);
            }
            for update in others {
                self.known.apply(update);
            }
            let before = (self.pts, self.date);
            (self.pts, self.date) = (state.pts, state.date);
            if last {
                return;
            }
            assert_ne!(before, (self.pts, self.date), "a slice that leads nowhere");
        }
        panic!("slices without end");
    }
}

impl Known {
    fn apply(&mut self, update: enums::Update) {
        use enums::Update;
        match update {
            Update::NewMessage(update) => {
                self.messages.insert(id(&update.message), update.message);
            }
            Update::EditMessage(update) => {
                self.messages.insert(id(&update.message), update.message);
            }
            Update::DeleteMessages(update) => {
                for id in update.messages {
                    self.messages.remove(&id);
                }
            }
            Update::ReadHistoryInbox(update) => {
                self.read_inbox.insert(key(&update.peer), (update.max_id, update.still_unread_count));
            }
            Update::ReadHistoryOutbox(update) => {
                self.read_outbox.insert(key(&update.peer), update.max_id);
            }
            Update::PinnedMessages(update) => {
                for id in update.messages {
                    if let Some(enums::Message::Message(message)) = self.messages.get_mut(&id) {
                        message.pinned = update.pinned;
                    }
                }
            }
            Update::ReadMessagesContents(update) => {
                for id in update.messages {
                    if let Some(enums::Message::Message(message)) = self.messages.get_mut(&id) {
                        message.media_unread = false;
                        message.mentioned = false;
                        for recent in message.reactions.iter_mut().flat_map(|all| &mut all.recent_reactions) {
                            recent.iter_mut().for_each(|one| one.unread = false);
                        }
                    }
                }
            }
            Update::MessageReactions(update) => {
                if let Some(enums::Message::Message(message)) = self.messages.get_mut(&update.msg_id) {
                    message.reactions = Some(update.reactions).filter(|all| !all.results.is_empty());
                }
            }
            Update::PeerHistoryTtl(update) => {
                self.timers.insert(key(&update.peer), update.ttl_period);
            }
            Update::DraftMessage(update) => {
                self.drafts.insert(key(&update.peer), update.draft);
            }
            Update::NewScheduledMessage(update) => {
                self.scheduled.insert(id(&update.message), update.message);
            }
            Update::DeleteScheduledMessages(update) => {
                for id in update.messages {
                    self.scheduled.remove(&id);
                }
            }
            _ => {}
        }
    }
}

/// The `pts` that an update leads to, and by how much.
pub(crate) fn pts_of(update: &enums::Update) -> Option<(i32, i32)> {
    use enums::Update;
    Some(match update {
        Update::NewMessage(update) => (update.pts, update.pts_count),
        Update::EditMessage(update) => (update.pts, update.pts_count),
        Update::DeleteMessages(update) => (update.pts, update.pts_count),
        Update::ReadHistoryInbox(update) => (update.pts, update.pts_count),
        Update::ReadHistoryOutbox(update) => (update.pts, update.pts_count),
        Update::PinnedMessages(update) => (update.pts, update.pts_count),
        Update::ReadMessagesContents(update) => (update.pts, update.pts_count),
        _ => return None,
    })
}

pub(crate) fn id(message: &enums::Message) -> i32 {
    match message {
        enums::Message::Message(message) => message.id,
        enums::Message::Service(message) => message.id,
        enums::Message::Empty(message) => message.id,
    }
}

fn key(peer: &enums::Peer) -> i64 {
    match peer {
        enums::Peer::User(peer) => Peer::User(domain::UserId(peer.user_id)).key(),
        other => panic!("not a private chat: {other:?}"),
    }
}

/// The container that every answer of updates comes in.
pub(crate) fn whole(updates: enums::Updates) -> types::Updates {
    match updates {
        enums::Updates::Updates(updates) => *updates,
        other => panic!("answered in another container: {other:?}"),
    }
}

pub(crate) fn text(to: &enums::InputPeer, message: &str, random_id: i64) -> functions::messages::SendMessage {
    functions::messages::SendMessage {
        peer: to.clone(),
        message: message.to_owned(),
        random_id,
        ..Default::default()
    }
}

/// Sends a text and gives its id in the sender's box.
pub(crate) async fn send(device: &Device, to: &enums::InputPeer, message: &str) -> i32 {
    let random_id = device.world.service.random.i64() | 1;
    let updates = whole(device.call(text(to, message, random_id)).await);
    match updates.updates.first() {
        Some(enums::Update::MessageId(update)) => update.id,
        other => panic!("no id first: {other:?}"),
    }
}

/// A dialog's messages as the server has them, newest first.
pub(crate) async fn history(device: &Device, with: &enums::InputPeer) -> Vec<enums::Message> {
    let request = functions::messages::GetHistory { peer: with.clone(), limit: 100, ..Default::default() };
    listed(device.call(request).await).0
}

/// The messages of an answer and how many there are in all.
pub(crate) fn listed(answer: enums::messages::Messages) -> (Vec<enums::Message>, i32) {
    match answer {
        enums::messages::Messages::Messages(all) => {
            let count = i32::try_from(all.messages.len()).expect("few");
            (all.messages, count)
        }
        enums::messages::Messages::Slice(slice) => (slice.messages, slice.count),
        other => panic!("another kind of list: {other:?}"),
    }
}

/// The text of a message; what a service message is about.
pub(crate) fn words(message: &enums::Message) -> String {
    match message {
        enums::Message::Message(message) => message.message.clone(),
        enums::Message::Service(message) => format!("{:?}", message.action),
        enums::Message::Empty(_) => String::new(),
    }
}
