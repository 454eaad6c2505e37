//! The seam between the gateway, which has the sockets and the cipher, and the methods, which have the
//! meaning.
//!
//! Plain trait objects over bytes and ids: the gateway calls [`Handler`] and [`Keys`], both implemented
//! here or below; it implements [`Sessions`] for whoever has something to push. Futures are boxed and
//! `'static`, so that the body of a call is compiled once and never moved by value.

use std::fmt;
use std::net::IpAddr;

pub use domain::session::SessionRef;
pub use domain::task::BoxFuture;
use domain::{Error, Time};

/// Where a query comes from.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The key that stands for the device: the permanent key, also when the packet was sealed with a
    /// temporary key bound to it. While a temporary key is not bound, that key itself.
    pub auth_key_id: i64,
    /// Where answers and pushes go. `session.key_id` is the key that the packet was sealed with: it differs
    /// from `auth_key_id` exactly when that is a bound temporary key.
    pub session: SessionRef,
    /// `session.key_id` is a temporary key (bound or not).
    pub is_temporary: bool,
    pub address: IpAddr,
    /// The transport's name for logs and the list of sessions: `"abridged"`, `"websocket intermediate"`, …
    pub transport: &'static str,
    /// The data centre that the client believes it talks to: 1 and above.
    pub dc: i32,
}

/// The answer to one query.
pub struct Reply {
    /// The boxed object that goes into `rpc_result`: the result, or an `rpc_error`.
    pub body: Vec<u8>,
    pub effect: Effect,
}

impl Reply {
    pub fn new(body: Vec<u8>) -> Self {
        Self { body, effect: Effect::None }
    }
}

/// What the gateway has to do besides sending the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    None,
    /// `auth.bindTempAuthKey` succeeded: the key of the caller's session now stands for this permanent key.
    /// Takes effect before the answer is sent.
    Bound {
        perm_id: i64,
        /// Somebody is signed in with that key.
        has_user: bool,
        /// When the temporary key ends.
        expires_at: Time,
    },
    /// The key was destroyed. Once the answer is written, its sessions are forgotten and its connections
    /// closed with the transport error -404. (`auth.logOut` does not end the key: it needs no effect.)
    DropKey,
}

/// Whoever gives queries their meaning. All methods but [`Handler::call`] return at once.
pub trait Handler: Send + Sync {
    /// Answers one query. Never fails: what goes wrong is an `rpc_error` in the reply.
    ///
    /// `body` is the query as it came: wrappers included, possibly a `gzip_packed` object. A query is run
    /// once for each `msg_id`, whatever the client repeats. The future is run to its end, also when the
    /// connection is lost meanwhile.
    fn call(&self, caller: Caller, msg_id: i64, body: Vec<u8>) -> BoxFuture<Reply>;

    /// The messages that `body` is to wait for: those of the outermost `invokeAfterMsg` or
    /// `invokeAfterMsgs`. Empty for any other query and for bytes that do not parse. Nothing is unpacked for
    /// this: it is asked before the query has its turn.
    fn after_msg_ids(&self, body: &[u8]) -> Vec<i64>;

    /// The session got its first connection, or one again after [`Handler::disconnected`].
    fn connected(&self, _session: SessionRef) {}

    /// The last connection of the session was lost. It may come back.
    fn disconnected(&self, _session: SessionRef) {}

    /// The session is over (destroyed, its key dropped, or long without a connection): it gets no more
    /// pushes.
    fn session_gone(&self, _session: SessionRef) {}
}

/// What a browser asked for.
pub struct PageRequest {
    /// What it sent with a form; `None` when it only looks.
    pub form: Option<Vec<u8>>,
    pub address: IpAddr,
}

/// A web page.
pub struct Page {
    /// As HTTP counts them.
    pub status: u16,
    pub html: String,
}

/// Web pages for people, on the public port.
pub trait Pages: Send + Sync {
    fn has(&self, path: &str) -> bool;

    /// The page at a path that there is.
    fn respond(&self, request: PageRequest) -> BoxFuture<Page>;
}

/// The sessions of this node, for whoever has something to push. Implemented by the gateway.
///
/// Never blocks and calls nobody back.
pub trait Sessions: Send + Sync {
    /// Sends a boxed object (`updates` and the like, encoded at the session's layer) to the session.
    ///
    /// A session that is without a connection, or reads too slowly, gets only as much kept for it as a
    /// named limit allows; then pushes are dropped, and the client is told to catch up by `getDifference`
    /// when it comes back. False when the push was dropped or there is no such session.
    fn push(&self, session: SessionRef, body: &[u8]) -> bool;

    /// Whether there is such a session. Once there is not, there will be none that is this one.
    fn exists(&self, session: SessionRef) -> bool;

    /// Ends every session of this permanent key, those of temporary keys bound to it included, and forgets
    /// the key; their connections get the transport error -404. The store must have forgotten the key
    /// before.
    fn drop_key(&self, auth_key_id: i64);

    /// Closes the connections of this permanent key's sessions, so that the client comes back and finds
    /// that it is signed out (`auth.resetAuthorizations`). The key stays.
    fn disconnect_key(&self, auth_key_id: i64);

    /// Somebody else, or nobody (`has_user` is false), is signed in with this permanent key now. What was on
    /// its way to whoever was before, answers apart, is not sent any more.
    fn key_changed(&self, auth_key_id: i64, has_user: bool);
}

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    Permanent,
    Temporary {
        expires_at: Time,
        /// The permanent key that it stands for, once `auth.bindTempAuthKey` succeeded.
        perm_id: Option<i64>,
    },
}

/// An authorization key.
#[derive(Clone)]
pub struct KeyRecord {
    /// The lower 64 bits of the key's SHA-1, as packets carry them.
    pub id: i64,
    pub key: Box<[u8; 256]>,
    pub kind: KeyKind,
    /// The data centre named in the handshake (absolute, below 10,000), or the configured default.
    pub dc: i32,
    /// The salt agreed on in the handshake; it is valid from `created_at`.
    pub initial_salt: i64,
    pub created_at: Time,
    /// Somebody is signed in with the key that stands for the device.
    pub has_user: bool,
}

impl KeyRecord {
    /// The key that stands for the device: see [`Caller::auth_key_id`].
    pub fn auth_key_id(&self) -> i64 {
        match self.kind {
            KeyKind::Temporary { perm_id: Some(perm_id), .. } => perm_id,
            _ => self.id,
        }
    }

    pub fn is_temporary(&self) -> bool {
        matches!(self.kind, KeyKind::Temporary { .. })
    }
}

/// Without the secret.
impl fmt::Debug for KeyRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRecord").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Where authorization keys are kept. An error means that the store failed, never that there is no key.
pub trait Keys: Send + Sync {
    /// The key with this id. `None` is final for the client: it makes a new key.
    fn load(&self, id: i64) -> BoxFuture<Result<Option<KeyRecord>, Error>>;

    /// Keeps a new key; durable when it resolves. False, and nothing is kept, when the id is taken: the
    /// client is asked to try again.
    fn create(&self, key: KeyRecord) -> BoxFuture<Result<bool, Error>>;

    /// Forgets the key for good: with it the authorization, and the temporary keys bound to it. False when
    /// there is no such key.
    fn destroy(&self, id: i64) -> BoxFuture<Result<bool, Error>>;
}
