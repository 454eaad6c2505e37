//! What all connections share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Error, Repeats, SharedClock, SharedRandom, Time};
use mtproto::handshake::server::HandshakeConfig;
use mtproto::transport::ProxySecret;
use rpc::boundary::{Handler, Keys, Pages, SessionRef};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tracing::info;

use crate::admission::Admission;
use crate::entry::Entry;
use crate::exchanges::Exchanges;
use crate::key::Key;
use crate::limits::Limits;
use crate::link::Link;
use crate::registry::Registry;

pub(crate) struct Shared {
    pub(crate) limits: Limits,
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) keys: Arc<dyn Keys>,
    pub(crate) pages: Option<Arc<dyn Pages>>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) admission: Arc<Admission>,
    pub(crate) clock: SharedClock,
    pub(crate) random: SharedRandom,
    pub(crate) handshake: Arc<HandshakeConfig>,
    /// Over HTTP each step of a key exchange may come on another connection.
    pub(crate) http_exchanges: Exchanges,
    /// Places for key exchanges to be computed.
    pub(crate) handshake_places: Semaphore,
    pub(crate) secrets: Arc<[ProxySecret]>,
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) next_connection: AtomicU64,
    /// What was said of clients that do not read.
    pub(crate) slow_readers: Mutex<Repeats>,
    /// Held by whoever tells the handler of sessions that ended.
    pub(crate) reporting: Mutex<()>,
    /// True once the server stops.
    pub(crate) stop: watch::Receiver<bool>,
}

impl Shared {
    pub(crate) fn now(&self) -> Time {
        self.clock.now()
    }

    pub(crate) fn new_link(&self) -> Arc<Link> {
        Arc::new(Link::new(self.next_connection.fetch_add(1, Ordering::Relaxed)))
    }

    /// The key, from memory or the store. `None` when there is none, or none any more.
    pub(crate) async fn key(&self, id: i64) -> Result<Option<Arc<Key>>, Error> {
        loop {
            let now = self.now();
            if let Some(key) = self.registry.key(id, now) {
                return Ok(Some(key).filter(|key| !key.is_expired(now)));
            }
            let drops = self.registry.drops();
            let Some(record) = self.keys.load(id).await? else { return Ok(None) };
            let key = Key::new(record);
            if key.id() != id {
                return Err(Error::internal("a stored key is not the one asked for"));
            }
            if let Some(key) = self.registry.insert(key, drops, self.now()) {
                return Ok(Some(key).filter(|key| !key.is_expired(now)));
            }
        }
    }

    /// The link no longer carries the session.
    pub(crate) fn detach(&self, entry: &Entry, link: &Link) {
        let was_last = entry.state().detach(self.now(), link.id);
        if was_last {
            self.handler.disconnected(entry.reference);
        }
    }

    /// A connection ends because its client does not read.
    pub(crate) fn note_slow_reader(&self) {
        meters::SLOW_READERS.add(1);
        let mut repeats = self.slow_readers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(more) = repeats.note(self.now(), "slow") {
            info!(more, "a connection is closed whose client does not read");
        }
    }

    /// Tells the handler which sessions ended, before it hears of others of the same name: when it returns,
    /// nothing of what ended until now is left to be told.
    pub(crate) fn report_gone(&self) {
        let _told_in_order = self.reporting.lock().unwrap_or_else(PoisonError::into_inner);
        for session in self.registry.take_gone() {
            self.handler.session_gone(session);
        }
    }

    /// Ends every session of the key, now that the store has forgotten it.
    pub(crate) fn drop_key(&self, session: SessionRef, auth_key_id: i64) {
        use rpc::boundary::Sessions as _;
        self.registry.drop_key(auth_key_id);
        if session.key_id != auth_key_id {
            self.registry.drop_key(session.key_id);
        }
    }
}

/// Resolves once the server stops: when it was said, or nobody is left to say it. Cancel-safe.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Both ends mean the same, and the borrowed value must not be held across an await.
    let _ = stop.wait_for(|stop| *stop).await.map(|_| ());
}
