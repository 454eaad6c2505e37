//! What ought to be there, worked out from what people did and what they were told.

use std::collections::{BTreeMap, BTreeSet};

use tl_api::{enums, types};

use crate::register::Register;
use crate::template::Template;

/// Who may see something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    Everybody,
    Contacts,
    Nobody,
}

/// Somebody.
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) phone: String,
    pub(crate) name: Register<String>,
    pub(crate) phone_rule: Register<Audience>,
    pub(crate) seen_rule: Register<Audience>,
}

/// How far something got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nobody knows.
    Open,
    Done(i64),
    Refused,
}

/// A message that somebody wrote. Its text begins with its token.
pub(crate) struct Letter {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) state: State,
    pub(crate) text: Register<String>,
    pub(crate) removals: Vec<Removal>,
    /// It waits, and is due then.
    pub(crate) due: Option<i64>,
}

/// A deletion.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Removal {
    pub(crate) by: usize,
    pub(crate) both: bool,
    pub(crate) state: State,
}

impl Removal {
    pub(crate) fn covers(&self, person: usize) -> bool {
        self.both || self.by == person
    }
}

/// What a removal is of: the letter, and its number there.
pub(crate) type RemovalId = (usize, usize);

/// Everything that is known outside of the server.
pub(crate) struct Model {
    pub(crate) people: Vec<Person>,
    pub(crate) letters: Vec<Letter>,
    pub(crate) hashes: BTreeMap<(usize, usize), i64>,
    /// Names under which somebody saved somebody; `None` while not saved.
    pub(crate) saved: BTreeMap<(usize, usize), Register<Option<String>>>,
    /// Whose number somebody was given.
    pub(crate) knows_number: BTreeSet<(usize, usize)>,
    pub(crate) blocked: BTreeMap<(usize, usize), Register<bool>>,
    pub(crate) drafts: BTreeMap<(usize, usize), Register<String>>,
    /// Devices that somebody tried to sign out.
    pub(crate) outs: BTreeSet<usize>,
    /// People of whose devices one signs the others out, as far as anybody knows.
    pub(crate) kicks: BTreeMap<usize, u32>,
    /// Chats that were deleted as a whole: by whom, with whom, and whether for both.
    pub(crate) cleared: Vec<(usize, usize, bool)>,
    /// Numbers for names and texts.
    pub(crate) next: u32,
}

impl Model {
    pub(crate) fn new(template: &Template) -> Self {
        let people = template.people.iter().map(|made| Person {
            id: made.id,
            phone: made.phone.clone(),
            name: Register::new(made.name.clone()),
            phone_rule: Register::new(Audience::Contacts),
            seen_rule: Register::new(Audience::Everybody),
        });
        Self {
            people: people.collect(),
            letters: Vec::new(),
            hashes: template.hashes.clone(),
            saved: BTreeMap::new(),
            knows_number: BTreeSet::new(),
            blocked: BTreeMap::new(),
            drafts: BTreeMap::new(),
            outs: BTreeSet::new(),
            kicks: BTreeMap::new(),
            cleared: Vec::new(),
            next: 0,
        }
    }

    pub(crate) fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    pub(crate) fn person_of(&self, id: i64) -> Option<usize> {
        self.people.iter().position(|person| person.id == id)
    }

    /// How a person addresses another, or themselves.
    pub(crate) fn peer(&self, person: usize, other: usize) -> enums::InputPeer {
        match self.hashes.get(&(person, other)) {
            Some(hash) => types::InputPeerUser { user_id: self.people[other].id, access_hash: *hash }.into(),
            None => enums::InputPeer::PeerSelf,
        }
    }

    pub(crate) fn user(&self, person: usize, other: usize) -> types::InputUser {
        let access_hash = self.hashes.get(&(person, other)).copied().unwrap_or_default();
        types::InputUser { user_id: self.people[other].id, access_hash }
    }

    pub(crate) fn saved(&mut self, owner: usize, other: usize) -> &mut Register<Option<String>> {
        self.saved.entry((owner, other)).or_insert_with(|| Register::new(None))
    }

    pub(crate) fn blocked(&mut self, owner: usize, other: usize) -> &mut Register<bool> {
        self.blocked.entry((owner, other)).or_insert_with(|| Register::new(false))
    }

    pub(crate) fn draft(&mut self, owner: usize, other: usize) -> &mut Register<String> {
        self.drafts.entry((owner, other)).or_insert_with(|| Register::new(String::new()))
    }

    pub(crate) fn may_be_out(&self, device: usize) -> bool {
        self.outs.contains(&device)
    }

    /// Notes a new letter, and gives its number and text.
    pub(crate) fn write(&mut self, from: usize, to: usize, due: Option<i64>) -> (usize, String) {
        let at = self.letters.len();
        let text = format!("m{at} v0");
        let text_register = Register::new(text.clone());
        let letter = Letter { from, to, state: State::Open, text: text_register, removals: Vec::new(), due };
        self.letters.push(letter);
        (at, text)
    }

    /// Notes a deletion of what `text` says.
    pub(crate) fn remove(&mut self, text: &str, by: usize, both: bool) -> Option<RemovalId> {
        let letter = letter_of(text)?;
        let removals = &mut self.letters.get_mut(letter)?.removals;
        removals.push(Removal { by, both, state: State::Open });
        Some((letter, removals.len() - 1))
    }

    pub(crate) fn removed(&mut self, removals: &[RemovalId], state: State) {
        for (letter, at) in removals {
            self.letters[*letter].removals[*at].state = state;
        }
    }

    /// Whether a person, or the other side for both, deleted the chat with somebody as a whole.
    pub(crate) fn was_cleared(&self, person: usize, peer: i64) -> bool {
        let Some(other) = self.person_of(peer) else { return false };
        self.cleared.iter().any(|(by, with, both)| {
            (*by == person && *with == other) || (*both && *by == other && *with == person)
        })
    }

    /// Whether whoever deleted a letter for both certainly still had it: without a copy of one's own,
    /// there is nothing to delete.
    pub(crate) fn had_copy(&self, letter: &Letter, removal: usize) -> bool {
        let by = letter.removals[removal].by;
        let others = letter.removals.iter().enumerate().filter(|(at, _)| *at != removal);
        let lost =
            others.map(|(_, other)| other).any(|other| other.covers(by) && other.state != State::Refused);
        !lost && !self.may_be_cleared(letter, by)
    }

    /// Whether one side of a letter blocked the other at any time.
    pub(crate) fn ever_blocked(&self, letter: &Letter) -> bool {
        let pairs = [(letter.from, letter.to), (letter.to, letter.from)];
        pairs.iter().filter_map(|pair| self.blocked.get(pair)).any(|blocked| blocked.ever().any(|is| *is))
    }

    /// Whether the end of a chat may have taken a letter out of somebody's box.
    pub(crate) fn may_be_cleared(&self, letter: &Letter, person: usize) -> bool {
        self.cleared.iter().any(|(by, with, both)| {
            let is_chat =
                (*by == letter.from && *with == letter.to) || (*by == letter.to && *with == letter.from);
            is_chat && (*both || *by == person)
        })
    }

    /// Whether a rule of `owner` may have let `viewer` see something between two times.
    pub(crate) fn may_see(
        &self,
        rule: &Register<Audience>,
        owner: usize,
        viewer: usize,
        from: i64,
        to: i64,
    ) -> bool {
        let is_saved = || {
            let saved = self.saved.get(&(owner, viewer));
            saved.is_some_and(|saved| saved.possible(from, to).any(Option::is_some))
        };
        rule.possible(from, to).any(|audience| match audience {
            Audience::Everybody => true,
            Audience::Contacts => is_saved(),
            Audience::Nobody => false,
        })
    }
}

/// The letter that a text is of.
pub(crate) fn letter_of(text: &str) -> Option<usize> {
    text.strip_prefix('m')?.split(' ').next()?.parse().ok()
}
