//! Puts people, their keys and their messages into a store while no server runs: minutes instead of hours.
//!
//! Accounts are made with the server's own store, messages with its own use case, one transaction for many.

use std::sync::Arc;

use client::Identity;
use crypto::AuthKey;
use domain::testing::ManualClock;
use domain::{Error, Peer, SharedClock, SharedRandom, Time, UserId};
use service::Pace;
use service::messages::send::{Send, deliver, prepare};
use service::search::index;
use store::contacts::Entry;
use store::{Store, StoreConfig, StoreError, auth_keys, contacts, users, words};

use crate::system::{FastRandom, micros};
use crate::text;

/// Accounts begin here; the n-th person of a run has this id and n.
const FIRST_ID: i64 = 1_000_000_000;
/// What one transaction does.
const PEOPLE: u32 = 500;
const MESSAGES: usize = 1000;

/// Somebody with a device that is signed in.
#[derive(Clone)]
pub struct Person {
    pub id: UserId,
    /// With the plus sign.
    pub phone: String,
    /// A key whose device is signed in, or one that is not yet known to the server.
    pub identity: Identity,
}

/// A store that is being filled.
pub struct Seed {
    store: Store,
    clock: Arc<ManualClock>,
    random: SharedRandom,
    people: u32,
}

impl Seed {
    pub fn open(config: &StoreConfig) -> Result<Self, String> {
        let random: SharedRandom = Arc::new(FastRandom::new());
        let clock = Arc::new(ManualClock::new(Time(micros() / 1000)));
        let store = Store::open(config, Arc::clone(&clock) as SharedClock, Arc::clone(&random));
        Ok(Self { store: store.map_err(|why| why.to_string())?, clock, random, people: 0 })
    }

    /// Goes on after people who are in the store already.
    #[must_use]
    pub fn after(mut self, people: u32) -> Self {
        self.people = people;
        self
    }

    /// How many people there are.
    pub fn count(&self) -> u32 {
        self.people
    }

    /// People who are signed in.
    pub async fn people(&mut self, count: u32) -> Result<Vec<Person>, String> {
        self.accounts(count, true).await
    }

    /// People who are not: their first device has yet to come.
    pub async fn strangers(&mut self, count: u32) -> Result<Vec<Person>, String> {
        self.accounts(count, false).await
    }

    async fn accounts(&mut self, count: u32, signed_in: bool) -> Result<Vec<Person>, String> {
        self.clock.set(Time(micros() / 1000));
        let mut made = Vec::new();
        while made.len() < count as usize {
            let from = self.people;
            let size = PEOPLE.min(count - u32::try_from(made.len()).unwrap_or(count));
            self.people += size;
            let people: Vec<Person> = (from..self.people).map(|number| self.person(number)).collect();
            made.extend(people.iter().cloned());
            let write = self.store.write(move |tx| -> Result<(), Error> {
                for person in &people {
                    let profile = users::Profile {
                        phone: person.phone.trim_start_matches('+').to_owned(),
                        first_name: "Load".to_owned(),
                        last_name: format!("Number {}", person.id.0 - FIRST_ID),
                        ..Default::default()
                    };
                    users::insert(tx, person.id, &profile, 0)?;
                    if signed_in {
                        let key = &person.identity.key;
                        let new = auth_keys::NewKey {
                            id: key.id(),
                            key: key.bytes(),
                            expires_at: None,
                            initial_salt: person.identity.salt,
                            dc: 2,
                        };
                        auth_keys::insert(tx, &new)?;
                        auth_keys::sign_in(tx, key.id(), person.id, None, 0)?;
                    }
                }
                Ok(())
            });
            write.await.map_err(|why| format!("accounts: {why}"))?;
        }
        Ok(made)
    }

    fn person(&self, number: u32) -> Person {
        let (mut key, mut salt) = ([0; 256], [0; 8]);
        self.random.fill(&mut key);
        self.random.fill(&mut salt);
        let identity = Identity { key: AuthKey::new(&key), salt: i64::from_le_bytes(salt), time_offset: 0 };
        let phone = format!("+1{:03}55{:05}", 201 + number / 100_000, number % 100_000);
        Person { id: UserId(FIRST_ID + i64::from(number)), phone, identity }
    }

    /// Makes both sides of each pair contacts of each other.
    pub async fn befriend(&self, pairs: &[(Person, Person)]) -> Result<(), String> {
        self.clock.set(Time(micros() / 1000));
        for some in pairs.chunks(PEOPLE as usize) {
            let some = some.to_vec();
            let write = self.store.write(move |tx| -> Result<(), Error> {
                for (one, other) in &some {
                    for (owner, friend) in [(one, other), (other, one)] {
                        let entry = Entry {
                            phone: friend.phone.trim_start_matches('+').to_owned(),
                            first_name: "Friend".to_owned(),
                            last_name: String::new(),
                            note: String::new(),
                        };
                        contacts::upsert(tx, owner.id, Some(friend.id), &entry)?;
                    }
                }
                Ok(())
            });
            write.await.map_err(|why| format!("contacts: {why}"))?;
        }
        Ok(())
    }

    /// Sends a message from the first to the second of each, one after the other, the last one now and each
    /// `step_millis` before the next: far enough apart for nobody's budget to be spent.
    pub async fn messages(
        &self,
        letters: impl ExactSizeIterator<Item = (UserId, UserId)>,
        step_millis: i64,
    ) -> Result<(), String> {
        let total = i64::try_from(letters.len()).unwrap_or(i64::MAX);
        self.clock.set(Time(micros() / 1000 - total * step_millis));
        let mut letters = letters.peekable();
        while letters.peek().is_some() {
            let some: Vec<(UserId, UserId)> = letters.by_ref().take(MESSAGES).collect();
            let (clock, random) = (Arc::clone(&self.clock), Arc::clone(&self.random));
            let pace = Arc::<Pace>::default();
            let write = self.store.write(move |tx| -> Result<(), Error> {
                for (from, to) in some {
                    clock.advance_millis(step_millis);
                    let random_id = random.i64();
                    let ready = prepare(
                        &pace,
                        Send {
                            from,
                            to: Peer::User(to),
                            random_id,
                            text: text::of(random_id.unsigned_abs()),
                            entities: Vec::new(),
                            silent: false,
                            noforwards: false,
                            reply_to: None,
                            quote: None,
                            clear_draft: false,
                            origin: None,
                        },
                    )?;
                    deliver(tx, &ready)?;
                }
                Ok(())
            });
            write.await.map_err(|why| format!("messages: {why}"))?;
        }
        self.index().await.map_err(|why| format!("the search index: {why}"))
    }

    /// Brings the search index up to date, so that the server does not do it while it is measured.
    async fn index(&self) -> Result<(), StoreError> {
        let mut after = UserId(0);
        loop {
            let behind = self.store.read(move |tx| words::behind(tx, after, 1000)).await?;
            let Some(last) = behind.last().copied() else { return Ok(()) };
            for owner in behind {
                let write = self.store.write(move |tx| -> Result<(), StoreError> {
                    for (owner, number) in index::missing(tx, &[owner], usize::MAX)? {
                        let draft = index::draft(tx, owner, number)?;
                        index::keep(tx, &draft)?;
                    }
                    Ok(())
                });
                write.await?;
            }
            after = last;
        }
    }

    /// Ends the store's threads: the server can have it now.
    pub fn close(self) {
        self.store.close();
    }
}
