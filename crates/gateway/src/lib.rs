//! The only crate with client sockets.
//!
//! One public TCP port speaks everything that clients speak: MTProto in every transport, bare or in TLS, in
//! WebSocket frames or in HTTP requests; the first bytes tell. A connection is one task (`stream`, or
//! an HTTP request in `http`); both are a port to sessions (`port`), which live in the
//! [`Registry`] across connections. Queries leave by [`rpc::boundary::Handler`] (`calls`); pushes come
//! in by [`rpc::boundary::Sessions`], which the registry implements. All rules of the protocol are in the
//! `mtproto` crate; here are sockets, tasks and [`limits`].

mod admission;
mod calls;
mod entry;
mod exchanges;
mod http;
mod io;
mod key;
pub mod limits;
mod link;
mod listener;
mod port;
mod registry;
mod shared;
mod stream;
pub mod task;
pub mod tls;
mod wire;

use std::net::IpAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use domain::{SharedClock, SharedRandom};
use mtproto::handshake::server::HandshakeConfig;
use mtproto::transport::ProxySecret;
use rpc::boundary::{Handler, Keys, Pages};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;

pub use limits::Limits;
pub use registry::Registry;

use crate::admission::Admission;
use crate::exchanges::Exchanges;
use crate::shared::Shared;

/// What the gateway is made of.
pub struct Parts {
    pub limits: Limits,
    /// The server's RSA keys and its default data centre.
    pub handshake: HandshakeConfig,
    /// Proxy secrets that obfuscated connections may use; without is always possible.
    pub secrets: Vec<ProxySecret>,
    /// `None`: connections that begin with TLS are closed.
    pub tls: Option<TlsAcceptor>,
    /// Made first, because what pushes needs it before there is a handler.
    pub registry: Arc<Registry>,
    pub handler: Arc<dyn Handler>,
    pub keys: Arc<dyn Keys>,
    /// Web pages; without, there are none.
    pub pages: Option<Arc<dyn Pages>>,
    pub clock: SharedClock,
    pub random: SharedRandom,
}

/// Serves clients on `listener` until `stop` is true or its sender dropped. Then nothing new is accepted,
/// queries under way get a few seconds, and it resolves.
pub async fn serve(parts: Parts, listener: TcpListener, stop: watch::Receiver<bool>) {
    listener::run(shared(parts, stop), listener).await;
}

/// A gateway that is handed its connections instead of accepting them: for tests that need no sockets. Nobody
/// tidies up behind it.
pub struct Unbound(Arc<Shared>);

impl Unbound {
    pub fn new(parts: Parts, stop: watch::Receiver<bool>) -> Self {
        Self(shared(parts, stop))
    }

    /// Serves one connection from `address` until it ends, from its first byte on.
    pub async fn connection(
        &self,
        io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        address: IpAddr,
    ) {
        if let Some(newcomer) = self.0.admission.enter(address, self.0.now()) {
            let io = listener::watched(io, &self.0.limits);
            listener::converse(Arc::clone(&self.0), io, address, newcomer).await;
        }
    }
}

fn shared(parts: Parts, stop: watch::Receiver<bool>) -> Arc<Shared> {
    let handshake = Arc::new(parts.handshake);
    Arc::new(Shared {
        admission: Arc::new(Admission::new(&parts.limits)),
        handshake_places: Semaphore::new(parts.limits.handshakes_at_once),
        http_exchanges: Exchanges::new(Arc::clone(&handshake), parts.limits.trusts_loopback),
        limits: parts.limits,
        handshake,
        secrets: parts.secrets.into(),
        tls: parts.tls,
        registry: parts.registry,
        handler: parts.handler,
        keys: parts.keys,
        pages: parts.pages,
        clock: parts.clock,
        random: parts.random,
        next_connection: AtomicU64::new(1),
        slow_readers: Mutex::default(),
        reporting: Mutex::default(),
        stop,
    })
}
