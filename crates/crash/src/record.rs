//! What the clients know: every message that was tried, and what the server said of it.

use std::collections::BTreeMap;

use crate::random::Dice;

/// Recent messages among which one is chosen to be edited or deleted.
const RECENT: usize = 200;
const TRIES: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sending {
    /// Asked for, and not answered: it may have happened.
    Doubtful,
    /// The sender has the message's id.
    Acknowledged,
    /// The server said that it will not.
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deleting {
    Never,
    Doubtful,
    Acknowledged,
}

/// One message, as its people know it.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) random_id: i64,
    pub(crate) first_text: String,
    /// What the text may be: one, or more while edits are in doubt.
    pub(crate) texts: Vec<String>,
    pub(crate) sending: Sending,
    pub(crate) deleting: Deleting,
    /// Its id in the sender's box.
    pub(crate) id: Option<i32>,
    /// Its id in the receiver's box, once somebody saw it there.
    pub(crate) copy: Option<i32>,
    /// Somebody is changing it.
    busy: bool,
    edits: u32,
}

/// How far somebody has read a dialog: what was acknowledged, and what was asked for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reads {
    pub(crate) acknowledged: i32,
    pub(crate) asked: i32,
}

#[derive(Default)]
pub(crate) struct Record {
    messages: Vec<Message>,
    /// By sender and by receiver: the tags of their messages.
    of: BTreeMap<usize, Vec<usize>>,
    pub(crate) reads: BTreeMap<(usize, usize), Reads>,
    /// The newest message that a reader has seen of a peer.
    heard: BTreeMap<(usize, usize), i32>,
    pub(crate) edits: u64,
    pub(crate) deletions: u64,
    pub(crate) acknowledged: u64,
    /// Answers that leave open what happened: internal errors, calls that were given up.
    pub(crate) doubts: u64,
    /// Refusals by name.
    pub(crate) refusals: BTreeMap<String, u64>,
}

impl Record {
    /// A message about to be sent; gives its tag.
    pub(crate) fn begin(&mut self, from: usize, to: usize, random_id: i64, words: &str) -> usize {
        let tag = self.messages.len();
        let text = format!("#{tag} {words}");
        self.messages.push(Message {
            from,
            to,
            random_id,
            first_text: text.clone(),
            texts: vec![text],
            sending: Sending::Doubtful,
            deleting: Deleting::Never,
            id: None,
            copy: None,
            busy: true,
            edits: 0,
        });
        self.of.entry(from).or_default().push(tag);
        if to != from {
            self.of.entry(to).or_default().push(tag);
        }
        tag
    }

    pub(crate) fn get(&self, tag: usize) -> Option<&Message> {
        self.messages.get(tag)
    }

    pub(crate) fn change(&mut self, tag: usize, change: impl FnOnce(&mut Message)) {
        if let Some(message) = self.messages.get_mut(tag) {
            change(message);
        }
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (usize, &Message)> {
        self.messages.iter().enumerate()
    }

    pub(crate) fn sent(&mut self, tag: usize, id: i32) {
        self.acknowledged += 1;
        self.change(tag, |message| {
            message.sending = Sending::Acknowledged;
            message.id = Some(id);
            message.busy = false;
        });
    }

    pub(crate) fn refused(&mut self, tag: usize, why: &str) {
        *self.refusals.entry(why.to_owned()).or_default() += 1;
        self.change(tag, |message| {
            message.sending = Sending::Refused;
            message.busy = false;
        });
    }

    /// Holds one of the person's recent messages that nobody else is changing; `theirs` takes those that others
    /// wrote, too.
    pub(crate) fn hold(&mut self, person: usize, theirs: bool, dice: &mut Dice) -> Option<usize> {
        let tags = self.of.get(&person)?;
        for _ in 0..TRIES {
            let recent = tags.len().min(RECENT);
            let tag = *tags.get(tags.len() - 1 - dice.below(recent))?;
            let message = self.messages.get_mut(tag)?;
            let own = if message.from == person { message.id } else { message.copy };
            let is_free = !message.busy
                && message.sending == Sending::Acknowledged
                && message.deleting == Deleting::Never
                && message.texts.len() == 1;
            if is_free && own.is_some() && (theirs || message.from == person) {
                message.busy = true;
                return Some(tag);
            }
        }
        None
    }

    /// A new text for a message that is held.
    pub(crate) fn edit(&mut self, tag: usize) -> String {
        let Some(message) = self.messages.get_mut(tag) else { return String::new() };
        message.edits += 1;
        let text = format!("#{tag} edited {} times", message.edits);
        message.texts.push(text.clone());
        text
    }

    pub(crate) fn edited(&mut self, tag: usize, text: String) {
        self.edits += 1;
        self.change(tag, |message| {
            message.texts = vec![text];
            message.busy = false;
        });
    }

    pub(crate) fn not_edited(&mut self, tag: usize, why: &str) {
        *self.refusals.entry(why.to_owned()).or_default() += 1;
        self.change(tag, |message| {
            message.texts.pop();
            message.busy = false;
        });
    }

    pub(crate) fn release(&mut self, tag: usize) {
        self.change(tag, |message| message.busy = false);
    }

    /// Nobody works on anything any more: what is held was given up.
    pub(crate) fn release_all(&mut self) {
        for message in &mut self.messages {
            message.busy = false;
        }
    }

    /// What the server did not do, in words.
    pub(crate) fn refusals(&self) -> String {
        format!("{} answers left it open; refused: {:?}", self.doubts, self.refusals)
    }

    pub(crate) fn hears(&mut self, reader: usize, peer: usize, id: i32) {
        let heard = self.heard.entry((reader, peer)).or_default();
        *heard = id.max(*heard);
    }

    pub(crate) fn heard(&self, reader: usize, peer: usize) -> Option<i32> {
        self.heard.get(&(reader, peer)).copied()
    }
}

/// The tag in a text of ours.
pub(crate) fn tag_of(text: &str) -> Option<usize> {
    text.strip_prefix('#')?.split(' ').next()?.parse().ok()
}
