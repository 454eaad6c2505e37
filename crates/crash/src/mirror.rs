//! A device that keeps a box by differences alone.

use std::collections::{BTreeMap, BTreeSet};

use tl_api::{enums, functions};

use crate::boxes::{self, Contents, Seen};
use crate::people::{Crowd, Person};

/// Slices of one difference; more would be a server that never comes to the end.
const SLICES: usize = 1000;

pub(crate) struct Mirror {
    pts: i32,
    qts: i32,
    date: i32,
    /// The highest message id that the box had.
    top: i32,
    messages: BTreeMap<i32, Seen>,
    /// Messages with others than the crowd, such as the service account, that the difference told of.
    others: BTreeSet<i32>,
    read: BTreeMap<usize, (i32, i32)>,
}

impl Mirror {
    /// A device that has everything there is now.
    pub(crate) async fn new(crowd: &Crowd, person: &Person) -> Result<Self, String> {
        let state = person.ask(&functions::updates::GetState {}).await?;
        let contents = Contents::read(crowd, person).await?;
        let top = contents.messages.keys().next_back().copied().unwrap_or_default();
        let read = contents.marks.iter().map(|(peer, it)| (*peer, (it.read_inbox, it.read_outbox))).collect();
        Ok(Self {
            pts: state.pts,
            qts: state.qts,
            date: state.date,
            top,
            messages: contents.messages,
            others: BTreeSet::new(),
            read,
        })
    }

    /// Asks what happened since, and compares with what the box shows. `top` is the highest id given so far.
    pub(crate) async fn catch_up(
        &mut self,
        crowd: &Crowd,
        person: &Person,
        contents: &Contents,
        top: i32,
        wrong: &mut Vec<String>,
    ) -> Result<(), String> {
        let before = self.pts;
        // Steps of `pts` that were accounted for.
        let mut told = 0;
        for _ in 0..SLICES {
            if self.ask(crowd, person, &mut told).await? {
                break;
            }
        }
        let who = person.index;
        let state = person.ask(&functions::updates::GetState {}).await?;
        if self.pts != state.pts {
            wrong.push(format!(
                "person {who}: the difference ends at pts {}, the state is {}",
                self.pts, state.pts
            ));
        }
        // Messages that came and went need no word; each took one step.
        let is_there = |id: &i32| contents.messages.contains_key(id) || self.others.contains(id);
        let gone = (self.top + 1..=top).filter(|id| !is_there(id)).count();
        let steps = told + i32::try_from(gone).unwrap_or(i32::MAX);
        if self.pts - before != steps {
            wrong.push(format!(
                "person {who}: pts went from {before} to {} in {steps} steps ({gone} messages came and went)",
                self.pts
            ));
        }
        self.top = top;
        self.compare(who, contents, wrong);
        Ok(())
    }

    /// One slice; true when it was the last.
    async fn ask(&mut self, crowd: &Crowd, person: &Person, told: &mut i32) -> Result<bool, String> {
        let request = functions::updates::GetDifference {
            pts: self.pts,
            date: self.date,
            qts: self.qts,
            ..Default::default()
        };
        let (messages, updates, state, last) = match person.ask(&request).await? {
            enums::updates::Difference::Empty(_) => return Ok(true),
            enums::updates::Difference::TooLong(_) => {
                return Err(format!("person {}: the difference is too long", person.index));
            }
            enums::updates::Difference::Difference(it) => (it.new_messages, it.other_updates, it.state, true),
            enums::updates::Difference::Slice(it) => {
                (it.new_messages, it.other_updates, it.intermediate_state, false)
            }
        };
        *told += i32::try_from(messages.len()).unwrap_or(i32::MAX);
        for message in &messages {
            self.put(crowd, person, message);
        }
        for update in &updates {
            *told += self.apply(crowd, person, update);
        }
        (self.pts, self.qts, self.date) = (state.pts, state.qts, state.date);
        Ok(last)
    }

    fn put(&mut self, crowd: &Crowd, person: &Person, message: &enums::Message) {
        if let Some((id, seen)) = boxes::seen(crowd, person, message) {
            self.messages.insert(id, seen);
        } else {
            self.others.extend(boxes::message_id(message));
        }
    }

    /// Gives the steps of `pts` that the update stands for.
    fn apply(&mut self, crowd: &Crowd, person: &Person, update: &enums::Update) -> i32 {
        use enums::Update;
        match update {
            Update::NewMessage(update) => {
                self.put(crowd, person, &update.message);
                update.pts_count
            }
            Update::EditMessage(update) => {
                self.put(crowd, person, &update.message);
                update.pts_count
            }
            Update::DeleteMessages(update) => {
                for id in &update.messages {
                    self.messages.remove(id);
                }
                update.pts_count
            }
            Update::ReadHistoryInbox(update) => {
                if let Some(peer) = boxes::user(crowd, &update.peer) {
                    self.read.entry(peer).or_default().0 = update.max_id;
                }
                update.pts_count
            }
            Update::ReadHistoryOutbox(update) => {
                if let Some(peer) = boxes::user(crowd, &update.peer) {
                    self.read.entry(peer).or_default().1 = update.max_id;
                }
                update.pts_count
            }
            _ => 0,
        }
    }

    fn compare(&self, who: usize, contents: &Contents, wrong: &mut Vec<String>) {
        for (id, seen) in &contents.messages {
            match self.messages.get(id) {
                Some(kept) if kept == seen => {}
                Some(kept) => wrong.push(format!(
                    "person {who}: message {id} reads {:?}, by difference {:?}",
                    seen.text, kept.text
                )),
                None => wrong
                    .push(format!("person {who}: the difference left out message {id} ({:?})", seen.text)),
            }
        }
        for (id, kept) in &self.messages {
            if !contents.messages.contains_key(id) {
                wrong.push(format!("person {who}: the difference keeps message {id} ({:?})", kept.text));
            }
        }
        for (peer, marks) in contents.marks.iter().filter(|(peer, _)| **peer != who) {
            let unread = contents
                .messages
                .iter()
                .filter(|(id, seen)| seen.peer == *peer && !seen.out && **id > marks.read_inbox);
            let unread = i32::try_from(unread.count()).unwrap_or(i32::MAX);
            if marks.unread != unread {
                wrong.push(format!(
                    "person {who}: {unread} of {peer} are unread, the counter says {}",
                    marks.unread
                ));
            }
            let kept = self.read.get(peer).copied().unwrap_or_default();
            // A mark that passes nothing but what is gone moves without a word.
            let agrees = |out: bool, shown: i32, kept: i32| {
                let (low, high) = (shown.min(kept), shown.max(kept));
                let passed = |id: i32| low < id && id <= high;
                !contents
                    .messages
                    .iter()
                    .any(|(id, seen)| passed(*id) && seen.peer == *peer && seen.out == out)
            };
            if !(agrees(false, marks.read_inbox, kept.0) && agrees(true, marks.read_outbox, kept.1)) {
                wrong.push(format!(
                    "person {who}: read marks of {peer} are {marks:?}, by difference {kept:?}"
                ));
            }
        }
    }
}
