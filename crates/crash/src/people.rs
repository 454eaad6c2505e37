//! The people of a run, and how they reach the server.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bench::world::World;
use client::{Client, ClientError, Identity};
use tl::Decode;
use tl_api::{Method, enums, functions, types};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::record::Record;

/// How long one answer may take when nothing is wrong. A debug build under load is slow.
const ANSWER: Duration = Duration::from_secs(30);
/// How long a client tries to come back.
const BACK: Duration = Duration::from_secs(30);

/// How a call ended, as far as what the server has to keep is concerned.
pub(crate) enum Outcome<T> {
    Done(T),
    /// The server said no: nothing happened.
    Refused(String),
    /// No answer, or an internal error: it may have happened.
    Doubt,
}

pub(crate) struct Person {
    pub(crate) index: usize,
    pub(crate) user_id: i64,
    identity: Identity,
    /// Whom they write to, and where.
    pub(crate) peers: BTreeMap<usize, enums::InputPeer>,
    line: Mutex<Option<Line>>,
}

/// The client in use, and the task that listens to it.
struct Line {
    client: Client,
    ear: JoinHandle<()>,
}

impl Person {
    /// `None` while the app is closed.
    pub(crate) fn client(&self) -> Option<Client> {
        self.line().as_ref().map(|line| line.client.clone())
    }

    /// Closes the app: nothing that it asked for is asked again.
    pub(crate) fn hang_up(&self) {
        if let Some(line) = self.line().take() {
            line.ear.abort();
        }
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    fn line(&self) -> MutexGuard<'_, Option<Line>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One call that something may go wrong with.
    pub(crate) async fn try_to<M: Method>(&self, request: &M) -> Outcome<M::Answer> {
        let Some(client) = self.client() else { return Outcome::Doubt };
        match tokio::time::timeout(ANSWER, client.invoke(request)).await {
            Ok(Ok(answer)) => Outcome::Done(answer),
            Ok(Err(ClientError::Rpc { code, text })) if (300..500).contains(&code) => Outcome::Refused(text),
            _ => Outcome::Doubt,
        }
    }

    /// One call with a time limit.
    pub(crate) async fn ask<M: Method>(&self, request: &M) -> Result<M::Answer, String> {
        let client = self.client().ok_or_else(|| format!("person {} is not here", self.index))?;
        match tokio::time::timeout(ANSWER, client.invoke(request)).await {
            Ok(answer) => answer.map_err(|why| format!("person {}: {}: {why}", self.index, M::NAME)),
            Err(_) => Err(format!("person {}: {} was not answered", self.index, M::NAME)),
        }
    }
}

/// Everybody, and what they know.
pub(crate) struct Crowd {
    pub(crate) world: Arc<World>,
    pub(crate) people: Vec<Arc<Person>>,
    pub(crate) record: Arc<Mutex<Record>>,
}

impl Crowd {
    /// Signs up `size` people who write to three others each, in both directions.
    pub(crate) async fn gather(world: World, size: usize) -> Result<Self, String> {
        let world = Arc::new(world);
        let mut clients = Vec::new();
        for number in 0..size {
            clients.push(world.sign_up(&phone(number)).await?);
        }
        let record = Arc::new(Mutex::new(Record::default()));
        let found = find_each_other(&clients).await?;
        let ids: Vec<i64> = found.iter().map(|found| found.user_id).collect();
        let mut people = Vec::new();
        for (index, (client, found)) in clients.into_iter().zip(found).enumerate() {
            let identity = client.identity().clone();
            let ear = listen(client.clone(), index, ids.clone(), Arc::clone(&record));
            let (user_id, peers) = (found.user_id, found.peers);
            let line = Mutex::new(Some(Line { client, ear }));
            people.push(Arc::new(Person { index, user_id, identity, peers, line }));
        }
        Ok(Self { world, people, record })
    }

    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn index_of(&self, user_id: i64) -> Option<usize> {
        self.people.iter().position(|person| person.user_id == user_id)
    }

    /// Everybody on a new session of the key they had, as apps do that were closed and opened again.
    pub(crate) async fn come_back(&self) -> Result<(), String> {
        let ids: Vec<i64> = self.people.iter().map(|person| person.user_id).collect();
        for person in &self.people {
            let back = async {
                let client = self.world.come_back(person.identity()).await?;
                client.invoke(&functions::updates::GetState {}).await.map_err(|why| why.to_string())?;
                Ok::<_, String>(client)
            };
            let back = tokio::time::timeout(BACK, back).await;
            let client = back.map_err(|_| format!("person {} did not come back", person.index))??;
            let ear = listen(client.clone(), person.index, ids.clone(), Arc::clone(&self.record));
            person.hang_up();
            *person.line() = Some(Line { client, ear });
        }
        Ok(())
    }

    /// Everybody closes their app.
    pub(crate) fn hang_up(&self) {
        for person in &self.people {
            person.hang_up();
        }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.hang_up();
    }
}

fn phone(number: usize) -> String {
    format!("+1555010{number:04}")
}

/// Whom the person of this number writes to.
fn partners(number: usize, size: usize) -> BTreeSet<usize> {
    let near = [number ^ 1, (number + 3) % size, (number + size - 3 % size) % size];
    near.into_iter().filter(|other| *other != number && *other < size).collect()
}

struct Found {
    user_id: i64,
    peers: BTreeMap<usize, enums::InputPeer>,
}

async fn find_each_other(clients: &[Client]) -> Result<Vec<Found>, String> {
    let mut all = Vec::new();
    for (number, client) in clients.iter().enumerate() {
        let partners: Vec<usize> = partners(number, clients.len()).into_iter().collect();
        let contact = |other: usize| types::InputPhoneContact {
            client_id: i64::try_from(other).unwrap_or_default(),
            phone: phone(other),
            first_name: format!("Person {other}"),
            ..Default::default()
        };
        let contacts = partners.iter().map(|other| contact(*other)).collect();
        let request = functions::contacts::ImportContacts { contacts };
        let found = client.invoke(&request).await.map_err(|why| format!("contacts: {why}"))?;
        let access = |id: i64| {
            let hash = found.users.iter().find_map(|user| match user {
                enums::User::User(user) if user.id == id => user.access_hash,
                _ => None,
            });
            hash.unwrap_or_default()
        };
        let mut peers = BTreeMap::new();
        for imported in &found.imported {
            let user_id = imported.user_id;
            let peer = types::InputPeerUser { user_id, access_hash: access(user_id) };
            peers.insert(usize::try_from(imported.client_id).unwrap_or_default(), peer.into());
        }
        if peers.len() != partners.len() {
            return Err(format!("person {number} found {} of {}", peers.len(), partners.len()));
        }
        let own = functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] };
        let own = client.invoke(&own).await.map_err(|why| format!("users.getUsers: {why}"))?;
        let user_id = match own.first() {
            Some(enums::User::User(user)) => user.id,
            _ => return Err("a person is nobody".to_owned()),
        };
        all.push(Found { user_id, peers });
    }
    Ok(all)
}

/// Notes which messages arrive, so that they can be read.
fn listen(client: Client, reader: usize, ids: Vec<i64>, record: Arc<Mutex<Record>>) -> JoinHandle<()> {
    Handle::current().spawn(async move {
        while let Some(push) = client.push().await {
            let Ok(enums::Updates::Updates(updates)) = enums::Updates::from_bytes(&push) else { continue };
            for update in &updates.updates {
                if let enums::Update::NewMessage(update) = update
                    && let enums::Message::Message(message) = &update.message
                    && !message.out
                    && let enums::Peer::User(peer) = &message.peer_id
                    && let Some(peer) = ids.iter().position(|id| *id == peer.user_id)
                {
                    let mut record = record.lock().unwrap_or_else(PoisonError::into_inner);
                    record.hears(reader, peer, message.id);
                }
            }
        }
    })
}
