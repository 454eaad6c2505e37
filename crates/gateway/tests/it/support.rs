//! A gateway on a port of its own, what stands behind it, and clients for it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use client::{Client, Config, Connect, Tcp};
use domain::{BoxFuture, Clock, Error, Random, SharedClock, SharedRandom, Time};
use gateway::{Limits, Parts, Registry};
use mtproto::handshake::server::HandshakeConfig;
use mtproto::transport::{Framing, Obfuscation, ProxySecret};
use mtproto::{RsaPrivateKey, RsaPublicKey};
use rpc::boundary::{Caller, Effect, Handler, KeyKind, KeyRecord, Keys, Reply, SessionRef, Sessions};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Long enough for any machine, short of a hang.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
pub(crate) const SECRET: &str = "00112233445566778899aabbccddeeff";

/// Queries that [`Fake`] knows. Anything else is answered with itself.
pub(crate) const SLEEP: u32 = 1;
pub(crate) const PUSH: u32 = 2;
pub(crate) const FAIL: u32 = 3;
pub(crate) const PANIC: u32 = 4;
pub(crate) const WHO: u32 = 5;
pub(crate) const BIND: u32 = 6;
pub(crate) const DROP_KEY: u32 = 7;
const AFTER: u32 = 0xcb9f_372d;
const RPC_ERROR: u32 = 0x2144_ca19;

pub(crate) fn query(id: u32, arguments: &[i64]) -> Vec<u8> {
    let mut body = id.to_le_bytes().to_vec();
    for argument in arguments {
        body.extend_from_slice(&argument.to_le_bytes());
    }
    body
}

/// `invokeAfterMsg`
pub(crate) fn after(msg_id: i64, query: &[u8]) -> Vec<u8> {
    let mut body = AFTER.to_le_bytes().to_vec();
    body.extend_from_slice(&msg_id.to_le_bytes());
    body.extend_from_slice(query);
    body
}

fn argument(body: &[u8], at: usize) -> i64 {
    let at = 4 + 8 * at;
    i64::from_le_bytes(body[at..at + 8].try_into().unwrap())
}

fn id(body: &[u8]) -> u32 {
    u32::from_le_bytes(body[..4].try_into().unwrap())
}

/// The system's time and randomness; the gateway's timers are real.
pub(crate) struct System;

impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "sockets live in real time")]
    fn now(&self) -> Time {
        Time(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as i64)
    }
}

impl Random for System {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).unwrap();
    }
}

/// Answers queries without meaning, and remembers what it was told.
pub(crate) struct Fake {
    registry: Arc<Registry>,
    pub(crate) runs: AtomicUsize,
    pub(crate) callers: Mutex<Vec<Caller>>,
    pub(crate) connected: Mutex<HashSet<SessionRef>>,
    pub(crate) gone: Mutex<Vec<SessionRef>>,
    /// The order in which queries ended.
    pub(crate) order: Mutex<Vec<Vec<u8>>>,
}

impl Fake {
    async fn answer(registry: Arc<Registry>, caller: Caller, body: Vec<u8>) -> Reply {
        match id(&body) {
            SLEEP => tokio::time::sleep(Duration::from_millis(argument(&body, 0).cast_unsigned())).await,
            PUSH => {
                let count = argument(&body, 0);
                for number in 0..count {
                    registry.push(caller.session, &query(0xffff_0000, &[number]));
                }
            }
            FAIL => {
                let mut error = RPC_ERROR.to_le_bytes().to_vec();
                error.extend_from_slice(&400_i32.to_le_bytes());
                error.extend_from_slice(b"\x07REFUSED");
                return Reply::new(error);
            }
            PANIC => panic!("asked to"),
            WHO => return Reply::new(query(WHO, &[caller.auth_key_id, caller.session.key_id])),
            BIND => {
                let expires_at = System.now().plus_secs(3_600);
                let effect = Effect::Bound { perm_id: 77, has_user: false, expires_at };
                return Reply { body, effect };
            }
            DROP_KEY => return Reply { body, effect: Effect::DropKey },
            _ => {}
        }
        Reply::new(body)
    }
}

/// What the gateway holds of it.
struct Answering(Arc<Fake>);

impl Handler for Answering {
    fn call(&self, caller: Caller, _msg_id: i64, body: Vec<u8>) -> BoxFuture<Reply> {
        let fake = Arc::clone(&self.0);
        fake.runs.fetch_add(1, Ordering::SeqCst);
        lock(&fake.callers).push(caller.clone());
        Box::pin(async move {
            let inner = if id(&body) == AFTER { body[12..].to_vec() } else { body };
            let reply = Fake::answer(Arc::clone(&fake.registry), caller, inner.clone()).await;
            lock(&fake.order).push(inner);
            reply
        })
    }

    fn after_msg_ids(&self, body: &[u8]) -> Vec<i64> {
        if id(body) == AFTER { vec![argument(body, 0)] } else { Vec::new() }
    }

    fn connected(&self, session: SessionRef) {
        lock(&self.0.connected).insert(session);
    }

    fn disconnected(&self, session: SessionRef) {
        lock(&self.0.connected).remove(&session);
    }

    fn session_gone(&self, session: SessionRef) {
        lock(&self.0.connected).remove(&session);
        lock(&self.0.gone).push(session);
    }
}

/// Keys in memory.
#[derive(Default)]
pub(crate) struct MemoryKeys {
    pub(crate) keys: Mutex<HashMap<i64, KeyRecord>>,
    /// Every access fails.
    pub(crate) is_broken: Mutex<bool>,
}

impl MemoryKeys {
    fn check(&self) -> Result<(), Error> {
        if *lock(&self.is_broken) { Err(Error::internal("broken")) } else { Ok(()) }
    }

    pub(crate) fn expire_temporary(&self) {
        for key in lock(&self.keys).values_mut() {
            if let KeyKind::Temporary { expires_at, .. } = &mut key.kind {
                *expires_at = Time(0);
            }
        }
    }
}

/// What the gateway holds of them.
struct Keeping(Arc<MemoryKeys>);

impl Keys for Keeping {
    fn load(&self, id: i64) -> BoxFuture<Result<Option<KeyRecord>, Error>> {
        let found = self.0.check().map(|()| lock(&self.0.keys).get(&id).cloned());
        Box::pin(async move { found })
    }

    fn create(&self, key: KeyRecord) -> BoxFuture<Result<bool, Error>> {
        let kept = self.0.check().map(|()| lock(&self.0.keys).insert(key.id, key).is_none());
        Box::pin(async move { kept })
    }

    fn destroy(&self, id: i64) -> BoxFuture<Result<bool, Error>> {
        let gone = self.0.check().map(|()| lock(&self.0.keys).remove(&id).is_some());
        Box::pin(async move { gone })
    }
}

/// A running gateway.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) registry: Arc<Registry>,
    pub(crate) handler: Arc<Fake>,
    pub(crate) keys: Arc<MemoryKeys>,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

/// The same parts once more.
pub(crate) fn copy(parts: &Parts) -> Parts {
    Parts {
        limits: parts.limits.clone(),
        handshake: HandshakeConfig {
            keys: vec![server_key()],
            default_dc: parts.handshake.default_dc,
            test_dc: parts.handshake.test_dc,
            temp_key_max_seconds: parts.handshake.temp_key_max_seconds,
        },
        secrets: parts.secrets.clone(),
        tls: parts.tls.clone(),
        registry: Arc::clone(&parts.registry),
        handler: Arc::clone(&parts.handler),
        keys: Arc::clone(&parts.keys),
        pages: parts.pages.clone(),
        clock: Arc::clone(&parts.clock),
        random: Arc::clone(&parts.random),
    }
}

pub(crate) fn server_key() -> RsaPrivateKey {
    RsaPrivateKey::from_pem(include_str!("server_key.pem")).unwrap()
}

pub(crate) fn public_key() -> RsaPublicKey {
    server_key().public().clone()
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With parts other than the usual.
    pub(crate) async fn with(change: impl FnOnce(&mut Parts)) -> Self {
        Self::on("127.0.0.1:0".parse().unwrap(), Arc::default(), change).await
    }

    /// On this address, with the keys of another one.
    pub(crate) async fn on(
        address: SocketAddr,
        keys: Arc<MemoryKeys>,
        change: impl FnOnce(&mut Parts),
    ) -> Self {
        let clock: SharedClock = Arc::new(System);
        let random: SharedRandom = Arc::new(System);
        let limits = Limits::default();
        let registry = Arc::new(Registry::new(&limits, [7; 32], Arc::clone(&clock), Arc::clone(&random)));
        let handler = Arc::new(Fake {
            registry: Arc::clone(&registry),
            runs: AtomicUsize::new(0),
            callers: Mutex::default(),
            connected: Mutex::default(),
            gone: Mutex::default(),
            order: Mutex::default(),
        });
        let mut parts = Parts {
            limits,
            handshake: HandshakeConfig {
                keys: vec![server_key()],
                default_dc: 2,
                test_dc: None,
                temp_key_max_seconds: 86_400,
            },
            secrets: vec![ProxySecret::from_hex(SECRET).unwrap()],
            tls: None,
            registry: Arc::clone(&registry),
            handler: Arc::new(Answering(Arc::clone(&handler))),
            keys: Arc::new(Keeping(Arc::clone(&keys))),
            pages: None,
            clock,
            random,
        };
        change(&mut parts);
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let task = gateway::task::spawn(gateway::serve(parts, listener, stopped));
        Self { address, registry, handler, keys, stop, task: Some(task) }
    }

    /// Stops it in order.
    pub(crate) async fn stop(mut self) {
        self.stop_soon();
        let task = self.task.take().unwrap();
        soon(task).await.unwrap();
    }

    pub(crate) fn stop_soon(&self) {
        self.stop.send_replace(true);
    }

    /// What a client of this server is told.
    pub(crate) fn config(&self, framing: Framing, obfuscation: Option<Obfuscation>) -> Config {
        config(Arc::new(Tcp(self.address)), framing, obfuscation)
    }

    /// An ordinary client with a key of its own.
    pub(crate) async fn client(&self) -> Client {
        soon(Client::connect(self.config(Framing::Intermediate, None), None)).await.unwrap()
    }

    pub(crate) fn is_connected(&self, session: SessionRef) -> bool {
        lock(&self.handler.connected).contains(&session)
    }
}

pub(crate) fn config(
    connect: Arc<dyn Connect>,
    framing: Framing,
    obfuscation: Option<Obfuscation>,
) -> Config {
    Config {
        connect,
        keys: vec![public_key()],
        dc: 2,
        framing,
        obfuscation,
        layer: 200,
        clock: Arc::new(System),
        random: Arc::new(System),
        spawn: Arc::new(gateway::task::Runtime::current()),
    }
}

pub(crate) fn session_of(client: &Client) -> SessionRef {
    SessionRef { key_id: client.identity().key.id(), session_id: client.session_id() }
}

/// The result of a future that does not hang.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("does not hang")
}

/// Waits for what other tasks bring about.
pub(crate) async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..PATIENCE.as_millis() / 10 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not in time: {what}");
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

/// Bytes that look like nothing in particular, the same for the same seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    domain::testing::SeededRandom::new(seed).fill(&mut bytes);
    bytes
}

/// Counts what came, for assertions on sets.
pub(crate) fn tally<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
    items.into_iter().fold(BTreeMap::new(), |mut counts, item| {
        *counts.entry(item).or_default() += 1;
        counts
    })
}
