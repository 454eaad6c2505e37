//! The server: everything but sockets, with the sessions of `mtproto` in the gateway's place.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bus::{Bus, InProcess};
use domain::testing::{ManualClock, SeededRandom};
use domain::{BoxFuture, SessionRef, Time};
use mtproto::packet::encrypted;
use mtproto::session::server::{Event, ServerSession};
use mtproto::session::{ConnectionId, ConnectionKind};
use mtproto::{AuthKey, PacketKind, SaltSecret, Salts, Side, classify};
use rpc::Rpc;
use rpc::boundary::{Caller, Effect, Handler, KeyRecord, Reply, Sessions};
use service::accounts::service_account;
use service::delivery::{Channel, CodeSender, Delivery};
use service::{Config, Service, Unindexed};
use store::{CommitFate, Database, KeyFile, Store, StoreConfig};
use tempfile::TempDir;
use updates::{Hub, Presence};

use crate::executor::Executor;
use crate::gate::Gate;
use crate::random::Rng;

/// Pushes kept for a session without a connection, as in the gateway.
const PUSHES_WITHOUT_CONNECTION: usize = 16;
/// `updatesTooLong`: what the gateway tells clients that missed pushes.
const UPDATES_TOO_LONG: [u8; 4] = 0xe317_af7e_u32.to_le_bytes();
/// How long a session without a connection is remembered, as in the gateway.
const SESSION_IDLE_MS: i64 = 300_000;
/// The least time between two runs of a job: the shortest periods cost more than they show.
const JOB_EVERY_MS: i64 = 4_000;

/// What the server wants done by its gateway, in order.
enum Action {
    Answer { session: SessionRef, msg_id: i64, reply: Reply },
    Push { session: SessionRef, body: Vec<u8> },
    Close { key: i64, forget: bool },
    OtherUser { key: i64 },
}

#[derive(Default)]
struct Actions(Mutex<Vec<Action>>);

impl Actions {
    fn add(&self, action: Action) {
        lock(&self.0).push(action);
    }
}

impl Sessions for Actions {
    fn push(&self, session: SessionRef, body: &[u8]) -> bool {
        self.add(Action::Push { session, body: body.to_vec() });
        true
    }

    fn exists(&self, _session: SessionRef) -> bool {
        // Queries run to their end before the world goes on: no session ends under one.
        true
    }

    fn key_changed(&self, auth_key_id: i64, _has_user: bool) {
        self.add(Action::OtherUser { key: auth_key_id });
    }

    fn drop_key(&self, auth_key_id: i64) {
        self.add(Action::Close { key: auth_key_id, forget: true });
    }

    fn disconnect_key(&self, auth_key_id: i64) {
        self.add(Action::Close { key: auth_key_id, forget: false });
    }
}

/// The codes that left, by phone number.
#[derive(Default)]
pub(crate) struct Codes(Mutex<HashMap<String, String>>);

impl Codes {
    pub(crate) fn last(&self, phone: &str) -> Option<String> {
        lock(&self.0).get(phone).cloned()
    }
}

impl CodeSender for Codes {
    fn channels(&self) -> Vec<Channel> {
        vec![Channel::Console]
    }

    fn send(&self, delivery: Delivery) -> BoxFuture<Result<(), String>> {
        lock(&self.0).insert(delivery.phone, delivery.code);
        Box::pin(async { Ok(()) })
    }
}

struct Session {
    state: ServerSession,
    links: Vec<u64>,
    kept_pushes: usize,
    /// Pushes were dropped of which the client has yet to be told.
    has_missed: bool,
}

/// What happened at the server's side of the lines.
pub(crate) enum News {
    /// A packet for a client.
    Packet { link: u64, bytes: Vec<u8> },
    /// The server closed a connection. `key_gone`: it does not know the key.
    Closed { link: u64, key_gone: bool },
    /// Something was pushed, as it left the hub.
    Pushed { session: SessionRef, body: Vec<u8> },
    /// A query was answered.
    Answered { session: SessionRef, msg_id: i64, body: Vec<u8> },
}

/// One server process.
pub(crate) struct Server {
    pub(crate) rpc: Rpc,
    pub(crate) service: Arc<Service>,
    pub(crate) executor: Executor,
    pub(crate) codes: Arc<Codes>,
    store: Store,
    gate: Arc<Gate>,
    clock: Arc<ManualClock>,
    random: Arc<SeededRandom>,
    actions: Arc<Actions>,
    sessions: BTreeMap<(i64, i64), Session>,
    keys: BTreeMap<i64, (AuthKey, KeyRecord)>,
    salts: SaltSecret,
    jobs: Vec<i64>,
    /// Removed with the server.
    folder: TempDir,
}

fn folder() -> TempDir {
    // Memory, where there is such a place: the disk that fails is simulated, the real one only takes time.
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder for the simulation")
}

/// Copies what is on disk at this moment.
fn copy(from: &Path) -> TempDir {
    let to = folder();
    for entry in std::fs::read_dir(from).expect("the folder is there").flatten() {
        // SQLite makes the index of its log anew.
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), to.path().join(entry.file_name())).expect("the copy is written");
        }
    }
    to
}

impl Server {
    /// A server on an empty disk.
    pub(crate) fn fresh(clock: Arc<ManualClock>, random: Arc<SeededRandom>, rng: &Rng) -> Self {
        let mut server = Self::boot(folder(), clock, random);
        let service = Arc::clone(&server.service);
        let made = server.executor.block_on(rng, async move { service_account::ensure(&service).await });
        made.expect("the service account is made");
        server
    }

    /// A server on a copy of a disk.
    pub(crate) fn on(disk: &Path, clock: Arc<ManualClock>, random: Arc<SeededRandom>) -> Self {
        Self::boot(copy(disk), clock, random)
    }

    fn boot(folder: TempDir, clock: Arc<ManualClock>, random: Arc<SeededRandom>) -> Self {
        let gate = Arc::new(Gate::default());
        let config = StoreConfig {
            database: Database::Sqlite(folder.path().join("chatters.sqlite")),
            keys: Database::Sqlite(folder.path().join("keys.sqlite")),
            root: Arc::new(KeyFile::new(folder.path().join("root.key"))),
            readers: 1,
            faults: Some(gate.clone()),
        };
        let store = Store::open(&config, clock.clone(), random.clone()).expect("the store opens");
        let bus: Arc<dyn Bus> = Arc::new(InProcess::default());
        let executor = Executor::new(Arc::clone(&gate));
        let presence = Arc::new(Presence::default());
        let hub = Hub::new(store.clone(), presence.clone(), &*bus, clock.clone(), executor.spawned.clone());
        service::join(&store, &bus);
        let codes = Arc::new(Codes::default());
        let service = Arc::new(Service {
            store: store.clone(),
            clock: clock.clone(),
            random: random.clone(),
            unindexed: Unindexed::listen(&*bus),
            bus,
            hub,
            presence,
            codes: codes.clone(),
            pace: Arc::default(),
            config: Config { dc: 2, address: ([127, 0, 0, 1], 4430).into(), test_mode: false },
        });
        let rpc = Rpc::new(api::registry(), service.clone());
        let actions = Arc::new(Actions::default());
        rpc.connect(actions.clone());
        let salts = SaltSecret::new(*store.vault().derive("server salts"));
        Self {
            rpc,
            service,
            executor,
            codes,
            store,
            gate,
            clock,
            random,
            actions,
            sessions: BTreeMap::new(),
            keys: BTreeMap::new(),
            salts,
            jobs: vec![0; service::jobs::JOBS.len()],
            folder,
        }
    }

    /// Ends the server in good order and keeps its disk.
    pub(crate) fn stop(mut self) -> TempDir {
        self.executor.clear();
        self.gate.open(CommitFate::Commit);
        self.store.close();
        self.folder
    }

    /// Loses the process and starts another one on what the disk has. Writes under way are lost.
    pub(crate) fn crash(&mut self) {
        let folder = copy(self.folder.path());
        self.executor.clear();
        self.gate.open(CommitFate::Fail);
        self.store.close();
        *self = Self::boot(folder, Arc::clone(&self.clock), Arc::clone(&self.random));
    }

    fn key(&mut self, id: i64, rng: &Rng) -> Option<(AuthKey, KeyRecord)> {
        if let Some(known) = self.keys.get(&id) {
            return Some(known.clone());
        }
        let keys = self.rpc.keys();
        let loaded = self.executor.block_on(rng, async move { keys.load(id).await });
        let record = loaded.ok().flatten()?;
        let entry = (AuthKey::new(&record.key), record);
        self.keys.insert(id, entry.clone());
        Some(entry)
    }

    /// Takes a packet from a connection.
    pub(crate) fn handle_packet(&mut self, link: u64, mut packet: Vec<u8>, rng: &Rng, news: &mut Vec<News>) {
        let now = self.now();
        let Ok(PacketKind::Encrypted { auth_key_id }) = classify(&packet) else {
            return news.push(News::Closed { link, key_gone: true });
        };
        let Some((key, record)) = self.key(auth_key_id, rng) else {
            return news.push(News::Closed { link, key_gone: true });
        };
        let Ok(opened) = encrypted::open(&key, Side::Client, &mut packet) else {
            return news.push(News::Closed { link, key_gone: true });
        };
        let reference = (auth_key_id, opened.session_id);
        let session = self.sessions.entry(reference).or_insert_with(|| {
            let salts = Salts::new(&self.salts, auth_key_id, record.initial_salt, record.created_at.0);
            let state =
                ServerSession::new(key.clone(), opened.session_id, rng.u64().cast_signed(), salts, now);
            Session { state, links: Vec::new(), kept_pushes: 0, has_missed: false }
        });
        if !session.links.contains(&link) {
            session.links.push(link);
        }
        session.kept_pushes = 0;
        session.state.attach(now, ConnectionId(link), ConnectionKind::Stream);
        // What is wrong with a message is told to the client.
        let _ = session.state.handle_message(now, ConnectionId(link), &opened);
        if std::mem::take(&mut session.has_missed) {
            // A session that takes no more is closed by the gateway; none here gets so far.
            let _ = session.state.push(now, UPDATES_TOO_LONG.to_vec());
        }
        let mut calls = Vec::new();
        while let Some(event) = session.state.poll_event() {
            match event {
                Event::Rpc { msg_id, body, .. } => calls.push((msg_id, body)),
                Event::Disconnect { connection } => {
                    news.push(News::Closed { link: connection.0, key_gone: false });
                }
                _ => {}
            }
        }
        for (msg_id, body) in calls {
            let session = SessionRef { key_id: auth_key_id, session_id: opened.session_id };
            let call = self.rpc.call(caller(&record, session), msg_id, body);
            let actions = Arc::clone(&self.actions);
            self.executor.spawn(Box::pin(async move {
                let reply = call.await;
                actions.add(Action::Answer { session, msg_id, reply });
            }));
        }
    }

    /// The client's end of a connection is gone.
    pub(crate) fn detach(&mut self, link: u64) {
        let now = self.now();
        for session in self.sessions.values_mut() {
            session.links.retain(|other| *other != link);
            session.state.detach(now, ConnectionId(link));
        }
    }

    /// Does what is due, and gives what came of it. False when there was nothing to do.
    pub(crate) fn turn(&mut self, rng: &Rng, news: &mut Vec<News>) -> bool {
        self.start_jobs();
        let ran = self.executor.run(rng);
        let actions = std::mem::take(&mut *lock(&self.actions.0));
        let acted = !actions.is_empty();
        for action in actions {
            self.act(action, news);
        }
        let before = news.len();
        self.transmit(rng, news);
        ran || acted || news.len() > before
    }

    fn act(&mut self, action: Action, news: &mut Vec<News>) {
        let now = self.now();
        match action {
            Action::Answer { session, msg_id, reply } => {
                if let Some(known) = self.sessions.get_mut(&(session.key_id, session.session_id)) {
                    known.state.answer(now, msg_id, &reply.body);
                }
                news.push(News::Answered { session, msg_id, body: reply.body });
                if reply.effect == Effect::DropKey {
                    self.act(Action::Close { key: session.key_id, forget: true }, news);
                }
            }
            Action::Push { session, body } => {
                if let Some(known) = self.sessions.get_mut(&(session.key_id, session.session_id)) {
                    let room = !known.links.is_empty() || known.kept_pushes < PUSHES_WITHOUT_CONNECTION;
                    if room {
                        known.kept_pushes += usize::from(known.links.is_empty());
                        // See above.
                        let _ = known.state.push(now, body.clone());
                    } else {
                        known.state.forget_pushes();
                        known.has_missed = true;
                    }
                }
                news.push(News::Pushed { session, body });
            }
            Action::OtherUser { key } => {
                for ((of, _), session) in &mut self.sessions {
                    if *of == key {
                        session.state.forget_pushes();
                        session.kept_pushes = 0;
                        session.has_missed = false;
                    }
                }
            }
            Action::Close { key, forget } => {
                for ((of, _), session) in &mut self.sessions {
                    if *of == key {
                        for link in session.links.drain(..) {
                            session.state.detach(now, ConnectionId(link));
                            news.push(News::Closed { link, key_gone: forget });
                        }
                    }
                }
                if forget {
                    self.keys.remove(&key);
                    self.sessions.retain(|(of, _), _| *of != key);
                }
            }
        }
    }

    fn transmit(&mut self, rng: &Rng, news: &mut Vec<News>) {
        let now = self.now();
        let mut gone = Vec::new();
        for (reference, session) in &mut self.sessions {
            if session.links.is_empty() && session.state.last_seen() + SESSION_IDLE_MS < now {
                gone.push(*reference);
            }
            if session.state.poll_timeout().is_some_and(|at| at <= now) {
                session.state.handle_timeout(now);
            }
            for link in session.links.clone() {
                let mut bytes = Vec::new();
                let mut fill = |bytes: &mut [u8]| rng.fill(bytes);
                while session.state.poll_transmit(now, ConnectionId(link), &mut fill, &mut bytes) {
                    news.push(News::Packet { link, bytes: std::mem::take(&mut bytes) });
                }
            }
        }
        for (key_id, session_id) in gone {
            self.sessions.remove(&(key_id, session_id));
            self.rpc.session_gone(SessionRef { key_id, session_id });
        }
    }

    fn start_jobs(&mut self) {
        let now = self.now();
        for (job, due) in service::jobs::JOBS.iter().zip(&mut self.jobs) {
            if *due <= now {
                *due = now + JOB_EVERY_MS.max(i64::from(job.every_secs) * 1000);
                let run = (job.run)(Arc::clone(&self.service));
                // What fails is done by the next run.
                self.executor.spawn(Box::pin(async move { drop(run.await) }));
            }
        }
    }

    /// When there is something to do although nothing came in.
    pub(crate) fn next(&self) -> Option<i64> {
        let sessions = self.sessions.values().filter_map(|session| session.state.poll_timeout());
        sessions.chain(self.jobs.iter().copied()).min()
    }

    /// Answers a call that goes past the lines, as a device would be answered that wants no updates.
    pub(crate) fn ask(&mut self, record: &KeyRecord, session_id: i64, body: Vec<u8>, rng: &Rng) -> Vec<u8> {
        let session = SessionRef { key_id: record.id, session_id };
        let call = self.rpc.call(caller(record, session), 1, body);
        self.executor.block_on(rng, call).body
    }

    /// Keeps a new key, as after a key exchange.
    pub(crate) fn create_key(&mut self, record: KeyRecord, rng: &Rng) -> bool {
        let keys = self.rpc.keys();
        self.executor.block_on(rng, async move { keys.create(record).await }).unwrap_or(false)
    }

    fn now(&self) -> i64 {
        use domain::Clock as _;
        let Time(now) = self.clock.now();
        now
    }
}

fn caller(record: &KeyRecord, session: SessionRef) -> Caller {
    Caller {
        auth_key_id: record.auth_key_id(),
        session,
        is_temporary: record.is_temporary(),
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        transport: "sim",
        dc: record.dc,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
