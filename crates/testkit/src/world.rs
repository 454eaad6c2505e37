//! A whole server in the process of the test, without sockets: real methods, use cases and store.
//!
//! The clock stands still until the test moves it. What the server pushes is kept per device until the
//! test asks for it.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bus::{Bus, InProcess};
use domain::testing::{ManualClock, SeededRandom};
use domain::{BoxFuture, Fault, SessionRef, Spawn, Time, UserId};
use rpc::Rpc;
use rpc::boundary::{Caller, Handler, KeyKind, KeyRecord, Sessions};
use service::accounts::service_account;
use service::delivery::{Channel, CodeSender, Delivery};
use service::{Config, Service, Unindexed};
use store::{Database, KeyFile, Store, StoreConfig};
use tl::service::RpcError;
use tl::{Decode, Encode, Reader, Writer};
use tl_api::{Method, enums, functions, types};
use tokio::runtime::Handle;
use updates::{Hub, Presence};

/// When worlds begin: 2026-01-01 00:00:00 UTC.
pub const BEGINNING: Time = Time::from_secs(1_767_225_600);

const RPC_ERROR: u32 = 0x2144_ca19;

/// A server.
pub struct World {
    pub service: Arc<Service>,
    pub rpc: Rpc,
    pub clock: Arc<ManualClock>,
    codes: Arc<Codes>,
    sessions: Arc<Pushed>,
    tasks: Arc<Tasks>,
    next: AtomicI64,
    config: StoreConfig,
    /// Removed with the world.
    folder: tempfile::TempDir,
}

impl World {
    /// A server on SQLite.
    pub async fn sqlite() -> Arc<Self> {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let database = Database::Sqlite(folder.path().join("chatters.sqlite"));
        Self::on(folder, database).await
    }

    /// A server on a PostgreSQL database of its own.
    pub async fn postgres() -> Arc<Self> {
        let folder = tempfile::tempdir().expect("a folder for the test");
        Self::on(folder, Database::Postgres(crate::postgres::database())).await
    }

    /// Runs a test on both engines, one after the other.
    pub async fn each<F>(test: impl Fn(Arc<Self>) -> F)
    where
        F: Future<Output = ()>,
    {
        test(Self::sqlite().await).await;
        test(Self::postgres().await).await;
    }

    async fn on(folder: tempfile::TempDir, database: Database) -> Arc<Self> {
        let clock = Arc::new(ManualClock::new(BEGINNING));
        let random = Arc::new(SeededRandom::new(1));
        let config = StoreConfig {
            database,
            keys: Database::Sqlite(folder.path().join("keys.sqlite")),
            root: Arc::new(KeyFile::new(folder.path().join("root.key"))),
            readers: 1,
            faults: None,
        };
        let store = Store::open(&config, clock.clone(), random.clone()).expect("the store opens");
        let bus: Arc<dyn Bus> = Arc::new(InProcess::default());
        let presence = Arc::new(Presence::default());
        let tasks = Arc::new(Tasks { running: Arc::default(), runtime: Handle::current() });
        let hub = Hub::new(store.clone(), presence.clone(), &*bus, clock.clone(), tasks.clone());
        service::join(&store, &bus);
        let codes = Arc::new(Codes::default());
        let service = Arc::new(Service {
            store,
            clock: clock.clone(),
            random,
            unindexed: Unindexed::listen(&*bus),
            bus,
            hub,
            presence,
            codes: codes.clone(),
            pace: Arc::default(),
            config: Config { dc: 2, address: ([127, 0, 0, 1], 4430).into(), test_mode: false },
        });
        service_account::ensure(&service).await.expect("the service account is made");
        let rpc = Rpc::new(api::registry(), service.clone());
        let sessions = Arc::new(Pushed::default());
        rpc.connect(sessions.clone());
        let next = AtomicI64::new(1);
        Arc::new(Self { service, rpc, clock, codes, sessions, tasks, next, config, folder })
    }

    /// The store as another node has it, on the same database.
    pub fn other_store(&self) -> Store {
        let random = Arc::new(SeededRandom::new(2));
        Store::open(&self.config, self.clock.clone(), random).expect("the store opens again")
    }

    /// The folder with the database, the data keys and the root key.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A device with an auth key of its own that is signed in to nothing.
    pub async fn device(self: &Arc<Self>) -> Device {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let id = number * 1_000_003;
        let record = KeyRecord {
            id,
            key: Box::new([7; 256]),
            kind: KeyKind::Permanent,
            dc: 2,
            initial_salt: 1,
            created_at: self.service.now(),
            has_user: false,
        };
        assert!(self.rpc.keys().create(record).await.expect("the key is kept"));
        Device {
            world: self.clone(),
            session: SessionRef { key_id: id, session_id: number },
            layer: tl_api::NEWEST_LAYER,
            announced: Mutex::new(false),
            user: UserId(0),
            phone: String::new(),
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }

    /// A new account with one device.
    pub async fn sign_up(self: &Arc<Self>, phone: &str, name: &str) -> Device {
        let mut device = self.device().await;
        let hash = device.confirm(phone).await;
        let answer = device
            .call(functions::auth::SignUp {
                phone_number: phone.to_owned(),
                phone_code_hash: hash,
                first_name: name.to_owned(),
                ..Default::default()
            })
            .await;
        device.become_user(answer, phone);
        device
    }

    /// Another device of an account.
    pub async fn sign_in(self: &Arc<Self>, phone: &str) -> Device {
        let mut device = self.device().await;
        device.send_code(phone).await;
        let answer = device.enter_code(phone).await;
        device.become_user(answer, phone);
        device
    }

    /// The last code that left the server for a number.
    pub fn last_code(&self, phone: &str) -> Option<String> {
        let digits = phone.trim_start_matches('+');
        lock(&self.codes.sent).get(digits).map(|(_, code)| code.clone())
    }

    /// From now on codes go these ways, of which some fail; without any they go to the console.
    pub fn deliver_by(&self, channels: &[Channel], failing: &[Channel]) {
        *lock(&self.codes.channels) = (channels.to_vec(), failing.to_vec());
    }

    /// What left the server since this was asked last.
    pub fn deliveries(&self) -> Vec<Delivery> {
        std::mem::take(&mut lock(&self.codes.taken))
    }

    /// The codes that the operator was shown since this was asked last.
    pub fn shown_codes(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.codes.shown))
    }

    /// The keys whose connections the server closed since this was asked last.
    pub fn closed(&self) -> Vec<i64> {
        std::mem::take(&mut lock(&self.sessions.closed))
    }

    /// The session is over; queries that came by it may run on.
    pub fn end_session(&self, session: SessionRef) {
        lock(&self.sessions.ended).insert(session);
        self.rpc.session_gone(session);
    }

    /// Runs every job once, as the server does from time to time.
    pub async fn run_jobs(&self) {
        for job in service::jobs::JOBS {
            (job.run)(self.service.clone()).await.expect("the job runs");
        }
    }

    /// Resolves when everything that calls set going has ended.
    pub async fn quiet(&self) {
        while self.tasks.running.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// A device of somebody.
pub struct Device {
    pub world: Arc<World>,
    pub session: SessionRef,
    pub layer: i32,
    pub user: UserId,
    pub phone: String,
    /// Where its connections come from.
    pub address: IpAddr,
    announced: Mutex<bool>,
}

impl Device {
    /// The same device, speaking another layer from now on.
    #[must_use]
    pub fn at_layer(mut self, layer: i32) -> Self {
        self.layer = layer;
        *lock(&self.announced) = false;
        self
    }

    /// Calls a method.
    ///
    /// # Panics
    /// When the answer is an error.
    pub async fn call<M: Method>(&self, request: M) -> M::Answer {
        match self.try_call(request).await {
            Ok(answer) => answer,
            Err(fault) => panic!("{} was answered {fault}", M::NAME),
        }
    }

    /// Calls a method whose newest answer type is understood at the device's layer.
    pub async fn try_call<M: Method>(&self, request: M) -> Result<M::Answer, Fault> {
        let body =
            self.raw_call(&request.to_bytes(self.layer).expect("the method exists in the layer")).await;
        match Reader::new(&body).u32() {
            Ok(RPC_ERROR) => {
                let error = RpcError::from_bytes(&body).expect("a whole error");
                Err(Fault { code: error.error_code, text: error.error_message })
            }
            _ => Ok(M::Answer::from_bytes(&body).expect("an answer of the method's type")),
        }
    }

    /// Sends the bytes of a query and gives those of its answer.
    pub async fn raw_call(&self, query: &[u8]) -> Vec<u8> {
        let msg_id = self.world.next.fetch_add(4, Ordering::SeqCst);
        let body = self.wrap(query);
        self.world.rpc.call(self.caller(), msg_id, body).await.body
    }

    /// What was pushed to the device since this was asked last, once all is quiet.
    pub async fn pushed(&self) -> Vec<enums::Update> {
        self.pushed_whole().await.into_iter().flat_map(|updates| updates.updates).collect()
    }

    /// The same with the containers, and so the people, that the updates came in.
    pub async fn pushed_whole(&self) -> Vec<types::Updates> {
        let bodies = self.pushed_bytes().await;
        bodies
            .iter()
            .map(|body| match enums::Updates::from_bytes(body).expect("pushes are updates") {
                enums::Updates::Updates(updates) => *updates,
                other => panic!("pushed in another container: {other:?}"),
            })
            .collect()
    }

    /// The bodies of pushes as they would go out.
    pub async fn pushed_bytes(&self) -> Vec<Vec<u8>> {
        self.world.quiet().await;
        lock(&self.world.sessions.pushed).remove(&self.session).unwrap_or_default()
    }

    /// How this device addresses somebody whose number it knows; saves them as a contact on the way.
    pub async fn input_peer(&self, other: &Self) -> enums::InputPeer {
        let user = self.input_user(other).await;
        types::InputPeerUser { user_id: user.user_id, access_hash: user.access_hash }.into()
    }

    pub async fn input_user(&self, other: &Self) -> types::InputUser {
        let contact = types::InputPhoneContact {
            phone: other.phone.clone(),
            first_name: "Saved".to_owned(),
            ..Default::default()
        };
        let found = self.call(functions::contacts::ImportContacts { contacts: vec![contact] }).await;
        let user = found.users.iter().find_map(|user| match user {
            enums::User::User(user) if user.id == other.user.0 => user.access_hash,
            _ => None,
        });
        types::InputUser { user_id: other.user.0, access_hash: user.expect("the number has an account") }
    }

    /// Asks for a code, without entering it. Gives its hash.
    pub async fn send_code(&self, phone: &str) -> String {
        let request = functions::auth::SendCode { phone_number: phone.to_owned(), ..Default::default() };
        let enums::auth::SentCode::SentCode(sent) = self.call(request).await else {
            panic!("signed in without a code");
        };
        let digits = phone.trim_start_matches('+').to_owned();
        if matches!(sent.r#type, enums::auth::SentCodeType::App(_)) {
            // It went to the other devices as a message; by the console it can be read here.
            let request = functions::auth::ResendCode {
                phone_number: phone.to_owned(),
                phone_code_hash: sent.phone_code_hash.clone(),
                ..Default::default()
            };
            self.call(request).await;
        }
        if let Some(entry) = lock(&self.world.codes.sent).get_mut(&digits) {
            entry.0.clone_from(&sent.phone_code_hash);
        }
        sent.phone_code_hash
    }

    async fn confirm(&self, phone: &str) -> String {
        let hash = self.send_code(phone).await;
        let answer = self.enter_code(phone).await;
        assert!(matches!(answer, enums::auth::Authorization::SignUpRequired(_)), "the number has an account");
        hash
    }

    async fn enter_code(&self, phone: &str) -> enums::auth::Authorization {
        let digits = phone.trim_start_matches('+');
        let (hash, code) = lock(&self.world.codes.sent).get(digits).cloned().expect("a code was sent");
        self.call(functions::auth::SignIn {
            phone_number: phone.to_owned(),
            phone_code_hash: hash,
            phone_code: Some(code),
            ..Default::default()
        })
        .await
    }

    fn become_user(&mut self, answer: enums::auth::Authorization, phone: &str) {
        let enums::auth::Authorization::Authorization(authorization) = answer else {
            panic!("not signed in");
        };
        let enums::User::User(user) = authorization.user else { panic!("signed in to nobody") };
        self.user = UserId(user.id);
        self.phone = phone.to_owned();
    }

    fn caller(&self) -> Caller {
        Caller {
            auth_key_id: self.session.key_id,
            session: self.session,
            is_temporary: false,
            address: self.address,
            transport: "test",
            dc: 2,
        }
    }

    /// The first query announces layer and device, as clients do.
    fn wrap(&self, query: &[u8]) -> Vec<u8> {
        if std::mem::replace(&mut *lock(&self.announced), true) {
            return query.to_vec();
        }
        let init = functions::InitConnection {
            api_id: 1,
            device_model: "Test device".to_owned(),
            system_version: "1".to_owned(),
            app_version: "1.0".to_owned(),
            system_lang_code: "en".to_owned(),
            lang_code: "en".to_owned(),
            query: query.to_vec(),
            ..Default::default()
        };
        let mut inner = Writer::new(self.layer);
        init.encode(&mut inner).expect("in every layer");
        let outer = functions::InvokeWithLayer { layer: self.layer, query: inner.into_bytes() };
        outer.to_bytes(self.layer).expect("in every layer")
    }
}

/// Keeps codes for the test, with the hash that they go with.
#[derive(Default)]
struct Codes {
    sent: Mutex<HashMap<String, (String, String)>>,
    /// The ways that there are besides the console, and those of them that fail.
    channels: Mutex<(Vec<Channel>, Vec<Channel>)>,
    taken: Mutex<Vec<Delivery>>,
    shown: Mutex<Vec<String>>,
}

impl CodeSender for Codes {
    fn channels(&self) -> Vec<Channel> {
        let channels = lock(&self.channels).0.clone();
        if channels.is_empty() { vec![Channel::Console] } else { channels }
    }

    fn show(&self, _phone: &str, code: &str) {
        lock(&self.shown).push(code.to_owned());
    }

    fn send(&self, delivery: Delivery) -> BoxFuture<Result<(), String>> {
        if lock(&self.channels).1.contains(&delivery.channel) {
            return Box::pin(async { Err("out of order".to_owned()) });
        }
        lock(&self.taken).push(delivery.clone());
        lock(&self.sent).insert(delivery.phone, (String::new(), delivery.code));
        Box::pin(async { Ok(()) })
    }
}

#[derive(Default)]
struct Pushed {
    pushed: Mutex<HashMap<SessionRef, Vec<Vec<u8>>>>,
    closed: Mutex<Vec<i64>>,
    ended: Mutex<HashSet<SessionRef>>,
}

impl Sessions for Pushed {
    fn push(&self, session: SessionRef, body: &[u8]) -> bool {
        lock(&self.pushed).entry(session).or_default().push(body.to_vec());
        true
    }

    fn exists(&self, session: SessionRef) -> bool {
        !lock(&self.ended).contains(&session)
    }

    fn drop_key(&self, auth_key_id: i64) {
        lock(&self.closed).push(auth_key_id);
    }

    fn disconnect_key(&self, auth_key_id: i64) {
        lock(&self.closed).push(auth_key_id);
    }

    fn key_changed(&self, _auth_key_id: i64, _has_user: bool) {}
}

/// Counts what runs beside the test, so that it can wait for the end.
struct Tasks {
    running: Arc<AtomicUsize>,
    /// The store calls from threads of its own.
    runtime: Handle,
}

impl Spawn for Tasks {
    fn spawn(&self, task: BoxFuture<()>) {
        let running = Arc::clone(&self.running);
        running.fetch_add(1, Ordering::SeqCst);
        self.runtime.spawn(async move {
            task.await;
            running.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
