//! A small client on the same protocol crate as the server: for load, export and tests.
//!
//! [`Client`] is a handle to a task that keeps one session alive: it connects, makes a key if it has none,
//! comes back when the connection is lost, and asks again what was not answered. Clock, randomness and the
//! starting of tasks are arguments.

mod driver;
mod error;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use domain::{BoxFuture, SharedClock, SharedRandom, SharedSpawn};
use mtproto::handshake::client::KeyKind;
use mtproto::session::client::ClientSession;
use mtproto::transport::{Framing, Obfuscation};
use mtproto::{AuthKey, RsaPublicKey};
use tl::service::RpcError;
use tl::{Decode, Encode, Reader};
use tl_api::{Method, functions};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc, oneshot};

pub use error::ClientError;
pub use wire::{BoxIo, Io, Wire};

use driver::{Command, Driver};

/// `rpc_error`
const RPC_ERROR: u32 = 0x2144_ca19;
/// Commands that wait for the task. Callers beyond it wait themselves.
const COMMANDS: usize = 64;
/// Pushes kept for whoever calls [`Client::push`]; then the oldest go.
const PUSHES: usize = 1024;

/// A way to reach the server: TCP, or whatever stands in for it.
pub trait Connect: Send + Sync {
    fn connect(&self) -> BoxFuture<std::io::Result<BoxIo>>;
}

/// TCP.
pub struct Tcp(pub SocketAddr);

impl Connect for Tcp {
    fn connect(&self) -> BoxFuture<std::io::Result<BoxIo>> {
        let address = self.0;
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as BoxIo)
        })
    }
}

/// What a client is told before it starts.
#[derive(Clone)]
pub struct Config {
    pub connect: Arc<dyn Connect>,
    pub keys: Vec<RsaPublicKey>,
    /// Negative for media, with 10,000 added for test data centres.
    pub dc: i32,
    pub framing: Framing,
    pub obfuscation: Option<Obfuscation>,
    /// The layer that [`Client::invoke`] speaks.
    pub layer: i32,
    pub clock: SharedClock,
    pub random: SharedRandom,
    pub spawn: SharedSpawn,
}

/// A key, and what goes with it. Kept by the caller, it makes a client skip the key exchange.
#[derive(Clone)]
pub struct Identity {
    pub key: AuthKey,
    pub salt: i64,
    /// What to add to the own clock for the server's, in milliseconds.
    pub time_offset: i64,
}

/// One session with a server. Dropping the last handle ends it.
#[derive(Clone)]
pub struct Client {
    commands: mpsc::Sender<Command>,
    pushes: Arc<Mutex<mpsc::Receiver<Vec<u8>>>>,
    identity: Identity,
    session_id: i64,
    layer: i32,
    /// The layer was announced.
    announced: Arc<Mutex<bool>>,
}

impl Client {
    /// Connects, makes a key unless there is one, and starts a session.
    pub async fn connect(config: Config, identity: Option<Identity>) -> Result<Self, ClientError> {
        let mut wire = Wire::open(&config).await?;
        let identity = match identity {
            Some(identity) => identity,
            None => wire.make_key(&config, KeyKind::Permanent).await?,
        };
        let session_id = config.random.i64();
        Ok(Self::start(config, identity, session_id, wire))
    }

    /// Starts a session with this id on a connection that is open.
    pub fn start(config: Config, identity: Identity, session_id: i64, wire: Wire) -> Self {
        let Identity { key, salt, time_offset } = identity.clone();
        let session = ClientSession::new(key, session_id, salt, time_offset);
        let (commands, received) = mpsc::channel(COMMANDS);
        let (pushed, pushes) = mpsc::channel(PUSHES);
        let (layer, spawn) = (config.layer, Arc::clone(&config.spawn));
        spawn.spawn(Box::pin(Driver::new(config, session, wire, received, pushed).run()));
        Self {
            commands,
            pushes: Arc::new(Mutex::new(pushes)),
            identity,
            session_id,
            layer,
            announced: Arc::new(Mutex::new(false)),
        }
    }

    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    pub fn session_id(&self) -> i64 {
        self.session_id
    }

    /// Sends a query and gives the bytes of its result, or the `rpc_error`.
    ///
    /// Waits through lost connections, without a time limit of its own.
    pub async fn call(&self, body: Vec<u8>) -> Result<Vec<u8>, ClientError> {
        let (answer, answered) = oneshot::channel();
        self.send(Command::Call { body, answer }).await?;
        let body = answered.await.map_err(|_| ClientError::Closed)??;
        if Reader::new(&body).peek_u32() == Ok(RPC_ERROR) {
            let error = RpcError::from_bytes(&body)?;
            return Err(ClientError::Rpc { code: error.error_code, text: error.error_message });
        }
        Ok(body)
    }

    /// Calls a method at the client's layer, which the first call announces.
    pub async fn invoke<M: Method>(&self, request: &M) -> Result<M::Answer, ClientError> {
        let query = request.to_bytes(self.layer).map_err(|_| ClientError::Inexpressible(M::NAME))?;
        let mut announced = self.announced.lock().await;
        if *announced {
            drop(announced);
            return Ok(M::Answer::from_bytes(&self.call(query).await?)?);
        }
        // The others wait, so that none of them overtakes the announcement.
        let answer = self.call(self.announcing(query)?).await;
        *announced = answer.is_ok() || matches!(answer, Err(ClientError::Rpc { .. }));
        Ok(M::Answer::from_bytes(&answer?)?)
    }

    fn announcing(&self, query: Vec<u8>) -> Result<Vec<u8>, ClientError> {
        let init = functions::InitConnection {
            api_id: 1,
            device_model: "client".to_owned(),
            system_version: "1".to_owned(),
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            system_lang_code: "en".to_owned(),
            lang_code: "en".to_owned(),
            query,
            ..Default::default()
        };
        let inexpressible = |_| ClientError::Inexpressible("initConnection");
        let query = init.to_bytes(self.layer).map_err(inexpressible)?;
        functions::InvokeWithLayer { layer: self.layer, query }.to_bytes(self.layer).map_err(inexpressible)
    }

    /// The next object that the server sent by itself. `None` when the client has ended.
    pub async fn push(&self) -> Option<Vec<u8>> {
        self.pushes.lock().await.recv().await
    }

    /// Resolves when the server answers a ping.
    pub async fn ping(&self) -> Result<(), ClientError> {
        let (answer, answered) = oneshot::channel();
        self.send(Command::Ping { answer }).await?;
        answered.await.map_err(|_| ClientError::Closed)
    }

    /// Cuts the connection, as a lost network would. The client comes back by itself.
    pub async fn cut(&self) -> Result<(), ClientError> {
        self.send(Command::Cut).await
    }

    async fn send(&self, command: Command) -> Result<(), ClientError> {
        self.commands.send(command).await.map_err(|_| ClientError::Closed)
    }
}
