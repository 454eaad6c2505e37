//! What the tests of many methods share: two people in a world, and updates in one readable line each.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use domain::UserId;
use domain::privacy::{Key, Rule, Rules};
use testkit::world::{Device, World};
use tl_api::{Method, enums, functions, types};

pub(crate) const ANN: &str = "+15550100001";
pub(crate) const BOB: &str = "+15550100002";
pub(crate) const CEM: &str = "+15550100003";

static NEXT_RANDOM_ID: AtomicI64 = AtomicI64::new(1);

pub(crate) fn random_id() -> i64 {
    NEXT_RANDOM_ID.fetch_add(1, Ordering::SeqCst)
}

/// Ann with two devices and Bob with one, who have each other's numbers.
pub(crate) struct Pair {
    pub(crate) world: Arc<World>,
    pub(crate) ann: Device,
    pub(crate) tablet: Device,
    pub(crate) bob: Device,
    /// Bob, as Ann addresses him.
    pub(crate) to_bob: enums::InputPeer,
    pub(crate) to_ann: enums::InputPeer,
}

impl Pair {
    pub(crate) async fn meet(world: &Arc<World>) -> Self {
        let ann = world.sign_up(ANN, "Ann").await;
        let tablet = world.sign_in(ANN).await;
        let bob = world.sign_up(BOB, "Bob").await;
        let (to_bob, to_ann) = (ann.input_peer(&bob).await, bob.input_peer(&ann).await);
        let pair = Self { world: world.clone(), ann, tablet, bob, to_bob, to_ann };
        pair.settle().await;
        pair
    }

    /// All devices have called something, and heard all there was to hear.
    pub(crate) async fn settle(&self) {
        for device in [&self.ann, &self.tablet, &self.bob] {
            state(device).await;
            device.pushed().await;
        }
    }

    /// What was pushed to the caller, to the caller's other device and to the other side.
    pub(crate) async fn heard(&self) -> [Vec<String>; 3] {
        [lines(&self.ann.pushed().await), lines(&self.tablet.pushed().await), lines(&self.bob.pushed().await)]
    }

    pub(crate) async fn ann_says(&self, text: &str) -> i32 {
        say(&self.ann, &self.to_bob, text).await
    }

    pub(crate) async fn bob_says(&self, text: &str) -> i32 {
        say(&self.bob, &self.to_ann, text).await
    }
}

pub(crate) async fn state(device: &Device) -> types::updates::State {
    device.call(functions::updates::GetState {}).await
}

/// Sends a text and gives its id in the sender's box.
pub(crate) async fn say(device: &Device, to: &enums::InputPeer, text: &str) -> i32 {
    let request = functions::messages::SendMessage {
        peer: to.clone(),
        message: text.to_owned(),
        random_id: random_id(),
        ..Default::default()
    };
    match updates_of(device, request).await.first() {
        Some(enums::Update::MessageId(update)) => update.id,
        other => panic!("a send begins with its id, not {other:?}"),
    }
}

/// The updates that answer a call.
pub(crate) async fn updates_of<M: Method<Answer = enums::Updates>>(
    device: &Device,
    request: M,
) -> Vec<enums::Update> {
    whole(device.call(request).await).updates
}

pub(crate) fn whole(answer: enums::Updates) -> types::Updates {
    match answer {
        enums::Updates::Updates(updates) => *updates,
        other => panic!("answered in another container: {other:?}"),
    }
}

/// The texts of a chat, newest first, service messages by their kind.
pub(crate) async fn texts(device: &Device, peer: &enums::InputPeer) -> Vec<String> {
    let request = functions::messages::GetHistory { peer: peer.clone(), limit: 100, ..Default::default() };
    messages_of(device.call(request).await).iter().map(message).collect()
}

pub(crate) fn messages_of(answer: enums::messages::Messages) -> Vec<enums::Message> {
    match answer {
        enums::messages::Messages::Messages(answer) => answer.messages,
        enums::messages::Messages::Slice(answer) => answer.messages,
        other => panic!("not messages: {other:?}"),
    }
}

/// The dialogs that a device lists.
pub(crate) async fn dialogs(device: &Device) -> Vec<types::Dialog> {
    let request = functions::messages::GetDialogs { limit: 100, ..Default::default() };
    let dialogs = match device.call(request).await {
        enums::messages::Dialogs::Dialogs(answer) => answer.dialogs,
        enums::messages::Dialogs::Slice(answer) => answer.dialogs,
        other => panic!("not dialogs: {other:?}"),
    };
    dialogs.into_iter().map(dialog).collect()
}

pub(crate) fn dialog(dialog: enums::Dialog) -> types::Dialog {
    match dialog {
        enums::Dialog::Dialog(dialog) => *dialog,
        other => panic!("not a dialog: {other:?}"),
    }
}

/// A device's dialog with somebody.
pub(crate) async fn dialog_with(device: &Device, peer: &enums::InputPeer) -> types::Dialog {
    let peers = vec![types::InputDialogPeer { peer: peer.clone() }.into()];
    let answer = device.call(functions::messages::GetPeerDialogs { peers }).await;
    dialog(answer.dialogs.into_iter().next().expect("one for each peer"))
}

/// What a device that stood at `since` is told by the difference.
pub(crate) async fn missed(device: &Device, since: &types::updates::State) -> Vec<String> {
    let request =
        functions::updates::GetDifference { pts: since.pts, date: since.date, ..Default::default() };
    match device.call(request).await {
        enums::updates::Difference::Empty(_) => Vec::new(),
        enums::updates::Difference::Difference(difference) => {
            let new = difference.new_messages.iter().map(|new| format!("new {}", message(new)));
            new.chain(lines(&difference.other_updates)).collect()
        }
        other => panic!("more than one difference: {other:?}"),
    }
}

/// One line for each update, without its `pts`.
pub(crate) fn lines(updates: &[enums::Update]) -> Vec<String> {
    updates.iter().map(line).collect()
}

pub(crate) fn line(update: &enums::Update) -> String {
    use enums::Update as U;
    match update {
        U::MessageId(update) => format!("id {}", update.id),
        U::NewMessage(update) => format!("new {}", message(&update.message)),
        U::EditMessage(update) => format!("edit {}", message(&update.message)),
        U::DeleteMessages(update) => format!("delete {:?}", update.messages),
        U::ReadHistoryInbox(update) => {
            format!(
                "read in {} up to {}, left {}",
                peer(&update.peer),
                update.max_id,
                update.still_unread_count
            )
        }
        U::ReadHistoryOutbox(update) => format!("read out {} up to {}", peer(&update.peer), update.max_id),
        U::ReadMessagesContents(update) => format!("looked at {:?}", update.messages),
        U::PinnedMessages(update) => {
            format!(
                "{} {:?} with {}",
                if update.pinned { "pin" } else { "unpin" },
                update.messages,
                peer(&update.peer)
            )
        }
        U::DraftMessage(update) => match &update.draft {
            enums::DraftMessage::DraftMessage(draft) => {
                format!("draft {} {:?}", peer(&update.peer), draft.message)
            }
            enums::DraftMessage::Empty(_) => format!("no draft {}", peer(&update.peer)),
        },
        U::DialogPinned(update) => format!("dialog {} pinned {}", dialog_peer(&update.peer), update.pinned),
        U::PinnedDialogs(update) => {
            let order: Vec<_> = update.order.iter().flatten().map(dialog_peer).collect();
            format!("dialogs pinned {order:?}")
        }
        U::DialogUnreadMark(update) => {
            format!("dialog {} marked {}", dialog_peer(&update.peer), update.unread)
        }
        U::PeerBlocked(update) => format!("{} blocked {}", peer(&update.peer_id), update.blocked),
        U::PeerSettings(update) => format!("settings of {}", peer(&update.peer)),
        U::ContactsReset => "contacts reset".to_owned(),
        U::User(update) => format!("user {}", update.user_id),
        U::UserTyping(update) => format!("{} types {:?}", update.user_id, update.action),
        U::UserStatus(update) => format!("status of {}", update.user_id),
        other => format!("{other:?}"),
    }
}

/// Text of a message with what an edit, a pin or a reply shows of it.
pub(crate) fn message(message: &enums::Message) -> String {
    match message {
        enums::Message::Message(message) => {
            let out = if message.out { " out" } else { "" };
            let pinned = if message.pinned { " pinned" } else { "" };
            format!("{} {:?}{out}{pinned}", message.id, message.message)
        }
        enums::Message::Service(message) => format!("{} {:?}", message.id, message.action),
        enums::Message::Empty(message) => format!("{} empty", message.id),
    }
}

pub(crate) fn peer(peer: &enums::Peer) -> String {
    match peer {
        enums::Peer::User(peer) => peer.user_id.to_string(),
        other => format!("{other:?}"),
    }
}

fn dialog_peer(of: &enums::DialogPeer) -> String {
    match of {
        enums::DialogPeer::DialogPeer(of) => peer(&of.peer),
        other => format!("{other:?}"),
    }
}

/// `pts` and its count, of the updates that have one.
pub(crate) fn pts(update: &enums::Update) -> Option<(i32, i32)> {
    use enums::Update as U;
    Some(match update {
        U::NewMessage(update) => (update.pts, update.pts_count),
        U::EditMessage(update) => (update.pts, update.pts_count),
        U::DeleteMessages(update) => (update.pts, update.pts_count),
        U::ReadHistoryInbox(update) => (update.pts, update.pts_count),
        U::ReadHistoryOutbox(update) => (update.pts, update.pts_count),
        U::ReadMessagesContents(update) => (update.pts, update.pts_count),
        U::PinnedMessages(update) => (update.pts, update.pts_count),
        _ => return None,
    })
}

/// Asserts that updates carry on from a `pts` without a hole, and gives the last.
pub(crate) fn follow(from: i32, updates: &[enums::Update]) -> i32 {
    updates.iter().filter_map(pts).fold(from, |at, (pts, count)| {
        assert_eq!(pts, at + count, "a hole after {at} in {updates:?}");
        pts
    })
}

pub(crate) fn sign_in(phone: &str, hash: &str, code: &str) -> functions::auth::SignIn {
    functions::auth::SignIn {
        phone_number: phone.to_owned(),
        phone_code_hash: hash.to_owned(),
        phone_code: Some(code.to_owned()),
        ..Default::default()
    }
}

/// Somebody among the people of an answer.
pub(crate) fn described(users: &[enums::User], id: UserId) -> types::User {
    let found = users.iter().find_map(|user| match user {
        enums::User::User(user) if user.id == id.0 => Some((**user).clone()),
        _ => None,
    });
    found.expect("the user is described")
}

/// Sets the rules of somebody for a key.
pub(crate) async fn allow(owner: &Device, key: Key, rules: Vec<Rule>) {
    let (user, rules) = (owner.user, Rules::new(rules).expect("rules"));
    let store = &owner.world.service.store;
    store
        .write(move |tx| store::privacy::set_rules(tx, user, key.code(), &rules.to_bytes()))
        .await
        .expect("the rules are kept");
}
