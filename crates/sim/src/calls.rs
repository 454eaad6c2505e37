//! What clients ask, and what they do with what they hear.

use grammers_session::updates::{MessageBoxes, UpdatesLike};
use grammers_tl_types::{Deserializable, Serializable, enums, types};
use mtproto::session::client::RequestId;
use tl::service::RpcError;
use tl::{Decode, Encode, Reader, Writer};
use tl_api::{Method, functions};

use crate::device::{Call, LAYER, Outcome, Presence, pts_of};
use crate::mirror::user_of;
use crate::world::{GAP_MS, World};

const RPC_ERROR: u32 = 0x2144_ca19;
/// How often a question is asked again that failed inside of the server.
const TRIES_MAX: u32 = 30;

impl World {
    /// Asks something. `then` runs once it is known how that ended.
    pub(crate) fn call<M: Method>(
        &mut self,
        at: usize,
        request: &M,
        then: impl FnOnce(&mut World, usize, Outcome) + 'static,
    ) {
        let body = request.to_bytes(LAYER).expect("the method is in the layer");
        self.call_bytes(at, M::NAME, body, then);
    }

    pub(crate) fn call_bytes(
        &mut self,
        at: usize,
        name: &'static str,
        body: Vec<u8>,
        then: impl FnOnce(&mut World, usize, Outcome) + 'static,
    ) {
        let call = Call { name, body, issued: self.now(), tries: 0, then: Box::new(then) };
        self.submit(at, call);
    }

    fn submit(&mut self, at: usize, mut call: Call) {
        call.tries += 1;
        let now = self.now();
        self.trace.line(now, || format!("device {at} asks {}", call.name));
        let device = &mut self.devices[at];
        if device.presence == Presence::Gone {
            return (call.then)(self, at, Outcome::Unknown);
        }
        let mut body = call.body.clone();
        if !device.announced {
            body = announce(body);
        }
        if device.session.pending() == 0 {
            device.heard_at = now;
        }
        match device.session.request(body) {
            Ok(request) => {
                device.calls.insert(request, call);
            }
            Err(why) => self.fail(format!("device {at} asks {}: {why}", call.name)),
        }
    }

    pub(crate) fn answered(&mut self, at: usize, request: RequestId, body: Vec<u8>) {
        let Some(call) = self.devices[at].calls.remove(&request) else { return };
        self.asked_at = call.issued;
        let is_failure = RpcError::from_bytes(&body).is_ok_and(|error| error.error_code >= 500);
        self.devices[at].announced |= !is_failure;
        if Reader::new(&body).u32() != Ok(RPC_ERROR) {
            return (call.then)(self, at, Outcome::Answer(body));
        }
        let Ok(error) = RpcError::from_bytes(&body) else {
            return self.fail(format!("{}: an error that does not decode", call.name));
        };
        let now = self.now();
        self.trace.line(now, || format!("device {at}: {} {}", call.name, error.error_message));
        if error.error_code >= 500 {
            let expected = self.last_fault.is_some_and(|fault| fault >= call.issued);
            if !expected || call.tries >= TRIES_MAX {
                return self.fail(format!("{} failed with {}", call.name, error.error_message));
            }
            let again = now + self.rng.millis(100, 1500);
            return self.devices[at].retries.push((again, call));
        }
        if error.error_code == 401 {
            self.sign_out_seen(at);
        }
        let certain = self.last_fault.is_none_or(|fault| fault < call.issued);
        let (code, text) = (error.error_code, error.error_message);
        (call.then)(self, at, Outcome::Refused { code, text, certain });
    }

    /// The device finds that it is not signed in any more.
    fn sign_out_seen(&mut self, at: usize) {
        let device = &self.devices[at];
        if device.signed_in && device.signed_out_at.is_none() && !self.model.may_be_out(at) {
            self.fail(format!("device {at} was signed out, and nobody asked for it"));
        }
        self.retire(at);
    }

    /// The device is of no use any more.
    pub(crate) fn retire(&mut self, at: usize) {
        self.hang_up(at);
        let device = &mut self.devices[at];
        device.presence = Presence::Gone;
        device.signed_in = false;
        self.abandon(at);
    }

    /// The client was closed: what it asked will never be answered.
    pub(crate) fn abandon(&mut self, at: usize) {
        let device = &mut self.devices[at];
        let calls = std::mem::take(&mut device.calls);
        let retries = std::mem::take(&mut device.retries);
        device.asks_difference = false;
        device.loading = 0;
        device.gap_since = None;
        device.postponed.clear();
        for call in calls.into_values().chain(retries.into_iter().map(|(_, call)| call)) {
            (call.then)(self, at, Outcome::Unknown);
        }
    }

    /// An answer in the other library's types.
    pub(crate) fn read<T: Deserializable>(&mut self, what: &str, body: &[u8]) -> Option<T> {
        match T::from_bytes(body) {
            Ok(value) => Some(value),
            Err(error) => {
                self.fail(format!("{what} does not decode: {error}"));
                None
            }
        }
    }

    /// Pushes may have been missed.
    pub(crate) fn catch_up(&mut self, at: usize) {
        if let Some(boxes) = &mut self.devices[at].boxes {
            // That there may be a hole is what it is told.
            let _ = boxes.process_updates(UpdatesLike::ConnectionClosed);
        }
    }

    pub(crate) fn pushed(&mut self, at: usize, body: &[u8]) {
        if let Some(updates) = self.read::<enums::Updates>("a push", body) {
            self.hear(at, updates);
        }
    }

    /// Takes in updates: from a push, an answer, or made of an answer.
    pub(crate) fn hear(&mut self, at: usize, updates: enums::Updates) {
        let device = &mut self.devices[at];
        let Some(boxes) = device.boxes.as_ref().filter(|_| device.presence != Presence::Gone) else { return };
        // The other library applies whatever comes, old or new, from when it knows of a hole until it is filled.
        let is_behind = boxes.get_difference().is_some();
        if is_behind || device.postpones() {
            device.postponed.push(updates);
        } else {
            self.feed(at, updates);
        }
    }

    fn feed(&mut self, at: usize, updates: enums::Updates) {
        let now = self.now();
        let device = &mut self.devices[at];
        let Some(boxes) = &mut device.boxes else { return };
        let listed: &[enums::Update] = match &updates {
            enums::Updates::Updates(all) => &all.updates,
            enums::Updates::UpdateShort(short) => std::slice::from_ref(&short.update),
            _ => &[],
        };
        let highest = listed.iter().filter_map(pts_of).max().unwrap_or(0);
        device.seen_pts = device.seen_pts.max(highest);
        if let Ok((news, _, _)) = boxes.process_updates(UpdatesLike::Updates(updates)) {
            for (update, _) in news {
                device.mirror.apply(update);
            }
        }
        let is_behind = boxes.session_state().pts < device.seen_pts;
        device.gap_since = device.gap_since.filter(|_| is_behind).or(is_behind.then_some(now));
    }

    /// Asks for what is missing, and again for what failed. True when it did.
    pub(crate) fn listen(&mut self, at: usize) -> bool {
        let now = self.now();
        let mut busy = false;
        if self.devices[at].gap_since.is_some_and(|since| since + GAP_MS <= now) {
            self.devices[at].gap_since = None;
            self.trace.line(now, || format!("device {at} has a hole"));
            self.catch_up(at);
            busy = true;
        }
        let device = &mut self.devices[at];
        let due: Vec<Call> =
            device.retries.extract_if(.., |(at, _)| *at <= now).map(|(_, call)| call).collect();
        for call in due {
            busy = true;
            self.submit(at, call);
        }
        let device = &mut self.devices[at];
        let asks = device.boxes.as_ref().and_then(MessageBoxes::get_difference);
        if let Some(request) = asks.filter(|_| !device.postpones() && device.link.is_some()) {
            device.asks_difference = true;
            self.call_bytes(at, "updates.getDifference", request.to_bytes(), difference);
            busy = true;
        }
        busy
    }

    /// Learns all there is, as a client does that was just signed in.
    pub(crate) fn load(&mut self, at: usize) {
        self.devices[at].loading = 1;
        self.call(at, &functions::updates::GetState {}, |world, at, outcome| {
            let Some(enums::updates::State::State(state)) = world.answer("the state", outcome) else {
                return;
            };
            let mut boxes = MessageBoxes::new();
            world.devices[at].seen_pts = state.pts;
            boxes.set_state(state);
            world.devices[at].boxes = Some(boxes);
            let request = functions::messages::GetDialogs { limit: 100, ..Default::default() };
            world.call(at, &request, loaded_dialogs);
        });
    }

    /// The answer, if there is one; fails the run when the server said no.
    pub(crate) fn answer<T: Deserializable>(&mut self, what: &str, outcome: Outcome) -> Option<T> {
        match outcome {
            Outcome::Answer(body) => self.read(what, &body),
            Outcome::Refused { code, text, .. } if code != 401 && code != 420 => {
                self.fail(format!("{what} was refused with {text}"));
                None
            }
            _ => None,
        }
    }

    /// Whether any of a person's devices waits for the answer to one of these.
    pub(crate) fn is_asking(&self, person: usize, names: &[&str]) -> bool {
        let devices = self.devices.iter().filter(|device| device.person == person);
        devices
            .flat_map(|device| device.calls.values().chain(device.retries.iter().map(|(_, call)| call)))
            .any(|call| names.contains(&call.name))
    }

    /// Takes in the updates of an answer.
    pub(crate) fn hear_answer(&mut self, at: usize, outcome: &Outcome) -> Option<types::Updates> {
        let Outcome::Answer(body) = outcome else { return None };
        let updates: enums::Updates = self.read("updates", body)?;
        if let enums::Updates::Updates(updates) = &updates {
            self.look(at, &updates.users);
        }
        self.hear(at, updates.clone());
        match updates {
            enums::Updates::Updates(updates) => Some(updates),
            _ => {
                self.fail("updates in another container");
                None
            }
        }
    }

    /// Takes in an update that a client makes itself of an answer that has only `pts`.
    pub(crate) fn hear_own(&mut self, at: usize, update: enums::Update) {
        self.hear(at, types::UpdateShort { update, date: 0 }.into());
    }

    fn loaded(&mut self, at: usize) {
        let device = &mut self.devices[at];
        device.loading = device.loading.saturating_sub(1);
        self.drain(at);
    }

    /// Takes in what had to wait.
    fn drain(&mut self, at: usize) {
        if self.devices[at].postpones() {
            return;
        }
        for updates in std::mem::take(&mut self.devices[at].postponed) {
            self.feed(at, updates);
        }
    }
}

fn announce(query: Vec<u8>) -> Vec<u8> {
    let init = functions::InitConnection {
        api_id: 1,
        device_model: "Simulated".to_owned(),
        system_version: "1".to_owned(),
        app_version: "1.0".to_owned(),
        system_lang_code: "en".to_owned(),
        lang_code: "en".to_owned(),
        query,
        ..Default::default()
    };
    let mut inner = Writer::new(LAYER);
    init.encode(&mut inner).expect("in every layer");
    let outer = functions::InvokeWithLayer { layer: LAYER, query: inner.into_bytes() };
    outer.to_bytes(LAYER).expect("in every layer")
}

fn difference(world: &mut World, at: usize, outcome: Outcome) {
    world.devices[at].asks_difference = false;
    let Some(difference) = world.answer::<enums::updates::Difference>("a difference", outcome) else {
        return;
    };
    match &difference {
        enums::updates::Difference::Difference(all) => world.look(at, &all.users),
        enums::updates::Difference::Slice(all) => world.look(at, &all.users),
        enums::updates::Difference::Empty(_) => {}
        enums::updates::Difference::TooLong(_) => return world.fail("a difference that is too long"),
    }
    let now = world.now();
    let device = &mut world.devices[at];
    let Some(boxes) = &mut device.boxes else { return };
    let (news, _, _) = boxes.apply_difference(difference);
    for (update, _) in news {
        device.mirror.apply(update);
    }
    let pts = boxes.session_state().pts;
    device.seen_pts = device.seen_pts.max(pts);
    device.gap_since = device.gap_since.filter(|_| pts < device.seen_pts);
    if boxes.get_difference().is_some() {
        // Another slice; what waits, waits on.
        return;
    }
    world.trace.line(now, || format!("device {at} is at {pts}"));
    world.drain(at);
}

fn loaded_dialogs(world: &mut World, at: usize, outcome: Outcome) {
    let Some(dialogs) = world.answer::<enums::messages::Dialogs>("the dialogs", outcome) else { return };
    let (dialogs, users) = match dialogs {
        enums::messages::Dialogs::Dialogs(all) => (all.dialogs, all.users),
        enums::messages::Dialogs::Slice(all) => (all.dialogs, all.users),
        enums::messages::Dialogs::NotModified(_) => return world.fail("dialogs that were never listed"),
    };
    world.look(at, &users);
    for dialog in &dialogs {
        let enums::Dialog::Dialog(dialog) = dialog else { continue };
        world.devices[at].mirror.take_dialog(dialog);
        let Some(peer) = address(&users, user_of(&dialog.peer)) else { continue };
        world.devices[at].loading += 2;
        let request =
            functions::messages::GetHistory { peer: peer.clone(), limit: 100, ..Default::default() };
        world.call(at, &request, |world, at, outcome| loaded_messages(world, at, outcome, false));
        let request = functions::messages::GetScheduledHistory { peer, ..Default::default() };
        world.call(at, &request, |world, at, outcome| loaded_messages(world, at, outcome, true));
    }
    // Marks and drafts are also on chats that have no messages.
    world.devices[at].loading += 1;
    world.call(at, &functions::messages::GetDialogUnreadMarks::default(), |world, at, outcome| {
        let Some(marked) = world.answer::<Vec<enums::DialogPeer>>("the marks", outcome) else { return };
        for peer in marked {
            if let enums::DialogPeer::Peer(peer) = peer {
                world.devices[at].mirror.chats.entry(user_of(&peer.peer)).or_default().marked = true;
            }
        }
        world.loaded(at);
    });
    world.call(at, &functions::messages::GetAllDrafts {}, |world, at, outcome| {
        if world.hear_answer(at, &outcome).is_some() {
            world.loaded(at);
        }
    });
}

fn loaded_messages(world: &mut World, at: usize, outcome: Outcome, scheduled: bool) {
    let Some(answer) = world.answer::<enums::messages::Messages>("a history", outcome) else { return };
    let (messages, users) = listed(answer);
    world.look(at, &users);
    let mirror = &mut world.devices[at].mirror;
    let place = if scheduled { &mut mirror.scheduled } else { &mut mirror.messages };
    place.extend(messages.into_iter().map(|message| (message.id(), message)));
    world.loaded(at);
}

/// How to address somebody whom an answer describes.
pub(crate) fn address(users: &[enums::User], id: i64) -> Option<tl_api::enums::InputPeer> {
    let hash = users.iter().find_map(|user| match user {
        enums::User::User(user) if user.id == id => user.access_hash,
        _ => None,
    });
    Some(tl_api::types::InputPeerUser { user_id: id, access_hash: hash? }.into())
}

/// Messages and people of a list.
pub(crate) fn listed(answer: enums::messages::Messages) -> (Vec<enums::Message>, Vec<enums::User>) {
    match answer {
        enums::messages::Messages::Messages(all) => (all.messages, all.users),
        enums::messages::Messages::Slice(all) => (all.messages, all.users),
        enums::messages::Messages::ChannelMessages(all) => (all.messages, all.users),
        enums::messages::Messages::NotModified(_) => (Vec::new(), Vec::new()),
    }
}
