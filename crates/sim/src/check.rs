//! What has to hold: after every step, and once everybody has come to rest.

use std::collections::BTreeMap;

use domain::{Time, UserId};
use grammers_session::updates::UpdatesLike;
use grammers_tl_types::{Deserializable, enums, types};
use store::{StoreError, boxes, events};
use tl::Encode as _;
use tl_api::{Method, functions};

use crate::calls::{address, listed};
use crate::device::{LAYER, Presence};
use crate::mirror::{Chat, Mirror, is_out, text, user_of};
use crate::model::{State, letter_of};
use crate::run;
use crate::world::World;

/// A session that asks for no updates.
const AUDITOR: i64 = 0x00a0_d170;
/// Events of one box that a step can make.
const EVENTS_MAX: i64 = 10_000;

/// A person's box as the server has it.
struct Truth {
    mirror: Mirror,
    unread: BTreeMap<i64, i32>,
    pts: i32,
}

impl World {
    /// The log of every box goes on where it was, without a hole.
    pub(crate) fn check_boxes(&mut self) {
        let people: Vec<UserId> = self.model.people.iter().map(|person| UserId(person.id)).collect();
        let from = self.checked.clone();
        let store = self.server.service.store.clone();
        let read = async move {
            store
                .read(move |tx| -> Result<_, StoreError> {
                    let mut found = Vec::new();
                    for (owner, from) in people.iter().zip(&from) {
                        // No date is later: events beside the last one were looked at.
                        let log = events::after(tx, *owner, *from, Time(i64::MAX), EVENTS_MAX)?;
                        let places: Vec<_> =
                            log.iter().map(|event| (event.pts, event.sub, event.count)).collect();
                        found.push((places, boxes::state(tx, *owner)?.pts));
                    }
                    Ok(found)
                })
                .await
        };
        let found = match self.server.executor.block_on(&self.rng, read) {
            Ok(found) => found,
            Err(error) => return self.fail(format!("the event log cannot be read: {error}")),
        };
        for (person, (log, pts)) in found.into_iter().enumerate() {
            let mut at = self.checked[person].max(1);
            for (place, sub, count) in log {
                if sub == 0 && place != at + count || sub > 0 && (place != at || count != 0) {
                    return self.fail(format!("a hole in the log of person {person}: {place} after {at}"));
                }
                at = place;
            }
            if at != pts {
                return self.fail(format!("person {person} is at {pts}, the log ends at {at}"));
            }
            self.checked[person] = at;
        }
    }

    /// Everything, once nothing is under way.
    pub(crate) fn check_all(&mut self) {
        self.check_boxes();
        let truths: Vec<Truth> =
            (0..self.model.people.len()).filter_map(|person| self.truth(person)).collect();
        if truths.len() < self.model.people.len() {
            self.fail("somebody's box cannot be read");
        }
        if self.failure.is_some() {
            return;
        }
        // Whoever can have lost nothing has to be right without asking.
        for at in 0..self.devices.len() {
            if self.is_calm && !self.devices[at].unsure {
                self.compare(at, &truths, true);
            }
        }
        for at in 0..self.devices.len() {
            let device = &mut self.devices[at];
            if device.presence == Presence::Online
                && let Some(boxes) = &mut device.boxes
            {
                // That there may be a hole is what it is told.
                let _ = boxes.process_updates(UpdatesLike::ConnectionClosed);
            }
        }
        self.pass(run::ASKING_MS);
        for at in 0..self.devices.len() {
            self.compare(at, &truths, false);
        }
        self.check_letters(&truths);
        self.check_marks(&truths);
        self.check_drafts(&truths);
    }

    fn ask<M: Method, T: Deserializable>(&mut self, person: usize, request: &M) -> Option<T> {
        let query = request.to_bytes(LAYER).expect("the method is in the layer");
        let query = functions::InvokeWithoutUpdates { query }.to_bytes(LAYER).expect("in every layer");
        let key = self.devices[person].key.clone();
        let body = self.server.ask(&key, AUDITOR, query, &self.rng);
        self.read(M::NAME, &body)
    }

    fn truth(&mut self, person: usize) -> Option<Truth> {
        let state: enums::updates::State = self.ask(person, &functions::updates::GetState {})?;
        let enums::updates::State::State(state) = state;
        let mut truth = Truth { mirror: Mirror::default(), unread: BTreeMap::new(), pts: state.pts };
        let request = functions::messages::GetDialogs { limit: 100, ..Default::default() };
        let (dialogs, users) = match self.ask(person, &request)? {
            enums::messages::Dialogs::Dialogs(all) => (all.dialogs, all.users),
            enums::messages::Dialogs::Slice(all) => (all.dialogs, all.users),
            enums::messages::Dialogs::NotModified(_) => return None,
        };
        for dialog in &dialogs {
            let enums::Dialog::Dialog(dialog) = dialog else { continue };
            truth.mirror.take_dialog(dialog);
            truth.unread.insert(user_of(&dialog.peer), dialog.unread_count);
            let peer = address(&users, user_of(&dialog.peer))?;
            let request =
                functions::messages::GetHistory { peer: peer.clone(), limit: 100, ..Default::default() };
            let (messages, _) = listed(self.ask(person, &request)?);
            truth.mirror.messages.extend(messages.into_iter().map(|message| (message.id(), message)));
            let request = functions::messages::GetScheduledHistory { peer, ..Default::default() };
            let (messages, _) = listed(self.ask(person, &request)?);
            truth.mirror.scheduled.extend(messages.into_iter().map(|message| (message.id(), message)));
        }
        Some(truth)
    }

    /// A device has what the server has. `whole`: also what no `pts` counts.
    fn compare(&mut self, at: usize, truths: &[Truth], whole: bool) {
        let device = &self.devices[at];
        if !device.is_ready() {
            return;
        }
        let truth = &truths[device.person];
        let (has, wanted) = (&device.mirror, &truth.mirror);
        let mut wrong = Vec::new();
        if device.pts() != truth.pts {
            wrong.push(format!("is at {}, the server at {}", device.pts(), truth.pts));
        }
        differences("message", &has.messages, &wanted.messages, whole, &mut wrong);
        if whole {
            differences("scheduled message", &has.scheduled, &wanted.scheduled, true, &mut wrong);
        }
        let me = self.model.people[device.person].id;
        for (peer, unread) in truth.unread.iter().filter(|(peer, _)| **peer != me) {
            let none = Chat::default();
            let (mine, theirs) = (has.chats.get(peer).unwrap_or(&none), &wanted.chats[peer]);
            if i32::try_from(has.unread(*peer)) != Ok(*unread) {
                wrong.push(format!("counts {} unread with {peer}, the server {unread}", has.unread(*peer)));
            }
            if has.unseen(*peer) != wanted.unseen(*peer) {
                wrong.push(format!(
                    "counts {} unseen with {peer}, the server {}",
                    has.unseen(*peer),
                    wanted.unseen(*peer)
                ));
            }
            // What goes with a chat that was deleted, its owner's devices work out in their own ways.
            let was_cleared = self.model.was_cleared(device.person, *peer);
            if whole && !was_cleared && (mine.draft != theirs.draft || mine.marked != theirs.marked) {
                wrong.push(format!(
                    "draft {:?} mark {} with {peer}, the server {:?} {}",
                    mine.draft, mine.marked, theirs.draft, theirs.marked
                ));
            }
        }
        if !wrong.is_empty() {
            let how = if whole { "without asking" } else { "after asking" };
            self.fail(format!("device {at}, {how}: {}", wrong.join("; ")));
        }
    }

    /// Every acknowledged message is in both boxes, once; what was deleted is gone.
    fn check_letters(&mut self, truths: &[Truth]) {
        let now = self.now();
        let mut wrong = Vec::new();
        for (number, letter) in self.model.letters.iter().enumerate() {
            let mut counts = Vec::new();
            for person in [letter.from, letter.to] {
                let copies: Vec<&types::Message> = truths[person]
                    .mirror
                    .messages
                    .values()
                    .filter_map(|message| match message {
                        enums::Message::Message(message) if message.fwd_from.is_none() => Some(message),
                        _ => None,
                    })
                    .filter(|message| letter_of(&message.message) == Some(number))
                    .collect();
                let covering = || letter.removals.iter().filter(|removal| removal.covers(person));
                let is_gone = letter.removals.iter().enumerate().any(|(at, removal)| {
                    matches!(removal.state, State::Done(_))
                        && (removal.by == person || removal.both && self.model.had_copy(letter, at))
                });
                let may_be_gone = covering().any(|removal| removal.state != State::Refused)
                    || self.model.may_be_cleared(letter, person);
                match (copies.len(), letter.state) {
                    // Whoever is blocked when a letter is due is not heard.
                    (0, State::Done(_)) if letter.due.is_some() && self.model.ever_blocked(letter) => {}
                    (0, State::Done(_)) if !may_be_gone => {
                        wrong.push(format!("m{number} is lost for person {person}"))
                    }
                    (1, State::Refused) => {
                        wrong.push(format!("m{number} was refused, and person {person} has it"))
                    }
                    (1, _) if is_gone => {
                        wrong.push(format!("m{number} was deleted, and person {person} has it"))
                    }
                    (0 | 1, _) => {}
                    (many, _) => wrong.push(format!("person {person} has m{number} {many} times")),
                }
                for copy in &copies {
                    if !letter.text.possible(now, now).any(|text| *text == copy.message) {
                        wrong.push(format!("person {person} has {:?}", copy.message));
                    }
                }
                counts.push((copies.len(), may_be_gone));
            }
            if let [(one, false), (other, false)] = counts[..]
                && one != other
            {
                wrong.push(format!("m{number} is in one box and not in the other"));
            }
        }
        if !wrong.is_empty() {
            self.fail(wrong.join("; "));
        }
    }

    /// What one side has read is what the other side sees as read; counters say what is there.
    fn check_marks(&mut self, truths: &[Truth]) {
        let mut wrong = Vec::new();
        for (person, truth) in truths.iter().enumerate() {
            let me = self.model.people[person].id;
            for (peer, unread) in &truth.unread {
                // What people keep for themselves is never unread.
                let counted = if *peer == me { 0 } else { truth.mirror.unread(*peer) };
                if i32::try_from(counted) != Ok(*unread) {
                    wrong.push(format!("{unread} unread with {peer}, but {counted} are"));
                }
            }
            for other in (0..truths.len()).filter(|other| *other != person) {
                let copies = |of: &Truth, with: i64, out: bool| -> BTreeMap<usize, i32> {
                    let of = of.mirror.with(with).filter(|message| is_out(message) == out);
                    of.filter_map(|message| Some((letter_of(own_text(message))?, message.id()))).collect()
                };
                let them = self.model.people[other].id;
                let (sent, got) = (copies(truth, them, true), copies(&truths[other], me, false));
                let mark = |of: &Truth, with: i64| of.mirror.chats.get(&with).cloned().unwrap_or_default();
                let (seen_up_to, read_up_to) =
                    (mark(truth, them).read_outbox, mark(&truths[other], me).read_inbox);
                for (letter, id) in &sent {
                    let Some(copy) = got.get(letter) else { continue };
                    if (*id <= seen_up_to) != (*copy <= read_up_to) {
                        wrong.push(format!(
                            "m{letter}: person {person} sees it as read: {}, person {other} has read it: {}",
                            *id <= seen_up_to,
                            *copy <= read_up_to
                        ));
                    }
                }
            }
        }
        if !wrong.is_empty() {
            self.fail(wrong.join("; "));
        }
    }

    fn check_drafts(&mut self, truths: &[Truth]) {
        let now = self.now();
        let mut wrong = Vec::new();
        for ((owner, with), register) in &self.model.drafts {
            let peer = self.model.people[*with].id;
            // A dialog that is not listed shows no draft, and one that was deleted takes it along.
            let was_cleared = self.model.was_cleared(*owner, peer);
            let Some(chat) = truths[*owner].mirror.chats.get(&peer) else { continue };
            if !was_cleared && !register.possible(now, now).any(|draft| *draft == chat.draft) {
                wrong.push(format!("person {owner} has the draft {:?} for person {with}", chat.draft));
            }
        }
        if !wrong.is_empty() {
            self.fail(wrong.join("; "));
        }
    }
}

/// The words of a message that was written where it is, not passed on.
fn own_text(message: &enums::Message) -> &str {
    match message {
        enums::Message::Message(message) if message.fwd_from.is_none() => &message.message,
        _ => "",
    }
}

fn differences(
    what: &str,
    has: &BTreeMap<i32, enums::Message>,
    wanted: &BTreeMap<i32, enums::Message>,
    whole: bool,
    wrong: &mut Vec<String>,
) {
    for (id, message) in wanted {
        match has.get(id) {
            None => wrong.push(format!("misses {what} {id} {:?}", text(message))),
            Some(mine) if plain(mine, whole) != plain(message, whole) => {
                wrong.push(format!(
                    "has another {what} {id}:\n{:?}\nnot\n{:?}\n",
                    plain(mine, whole),
                    plain(message, whole)
                ));
            }
            Some(_) => {}
        }
    }
    for (id, message) in has.iter().filter(|(id, _)| !wanted.contains_key(id)) {
        wrong.push(format!("has {what} {id} {:?}, which is gone", text(message)));
    }
}

/// A message, with what no `pts` counts or without.
fn plain(message: &enums::Message, whole: bool) -> enums::Message {
    let mut message = message.clone();
    if let enums::Message::Message(message) = &mut message
        && !whole
    {
        message.reactions = None;
    }
    message
}
