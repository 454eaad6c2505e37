//! What every way to connect has in common: a packet comes in, sessions have packets to send.

use std::net::IpAddr;
use std::sync::Arc;

use domain::Time;
use mtproto::Side;
use mtproto::handshake::server::{Handshakes, NewAuthKey, Step};
use mtproto::packet::encrypted::Opened;
use mtproto::packet::{self, PacketKind};
use mtproto::session::server::Event;
use mtproto::session::{ConnectionKind, MsgIds};
use mtproto::transport::TransportCode;
use rpc::boundary::{Caller, KeyKind, KeyRecord, SessionRef};
use tracing::{debug, error};

use crate::admission::Newcomer;
use crate::calls::{self, Call};
use crate::entry::{Attached, Entry};
use crate::key::Key;
use crate::limits::{HANDSHAKES_PER_CONNECTION, SESSIONS_PER_CONNECTION, UNKNOWN_KEYS_PER_CONNECTION};
use crate::link::Link;
use crate::registry::NoSession;
use crate::shared::Shared;
use crate::task;

/// One connection, or one HTTP request, seen from the sessions.
pub(crate) struct Port {
    pub(crate) shared: Arc<Shared>,
    pub(crate) link: Arc<Link>,
    kind: ConnectionKind,
    address: IpAddr,
    /// For logs and the list of sessions.
    pub(crate) transport: &'static str,
    /// The place among the newcomers, until a key was shown that somebody is signed in with.
    newcomer: Option<Newcomer>,
    /// A packet sealed with a known key has come that was no replay.
    pub(crate) is_known: bool,
    sessions: Vec<Arc<Entry>>,
    /// Key exchanges under way, while there are any. Over HTTP they are shared.
    handshakes: Option<Box<Handshakes>>,
    /// The key that was made last on this connection, until it is used.
    made_key: Option<i64>,
    plain_ids: MsgIds,
    pub(crate) unknown_keys: u32,
}

/// What a good packet asks of the connection itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Nothing,
    /// A plaintext packet to send back.
    Plain(Vec<u8>),
    /// The client wants to know early that its packet came.
    QuickAck(u32),
}

/// Why a packet is not processed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The client is told, and may go on.
    Error(TransportCode),
    /// The client is told, and the connection closed.
    Fatal(TransportCode),
    /// The connection is closed: the fault is not the client's (it would throw its key away if it was told
    /// that there is none), or words are wasted on it.
    Close,
}

impl Port {
    pub(crate) fn new(
        shared: &Arc<Shared>,
        kind: ConnectionKind,
        address: IpAddr,
        newcomer: Option<Newcomer>,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            link: shared.new_link(),
            kind,
            address,
            transport: "http",
            newcomer,
            is_known: false,
            sessions: Vec::new(),
            handshakes: None,
            made_key: None,
            plain_ids: MsgIds::default(),
            unknown_keys: 0,
        }
    }

    /// The place among the newcomers, unless a key was shown that somebody is signed in with.
    pub(crate) fn take_newcomer(&mut self) -> Option<Newcomer> {
        self.newcomer.take()
    }

    /// Processes one packet. Answers of sessions come by [`Port::transmit`].
    pub(crate) async fn receive(&mut self, payload: Vec<u8>) -> Result<Received, Refused> {
        match packet::classify(&payload) {
            Ok(PacketKind::Plain) => self.receive_plain(payload).await,
            Ok(PacketKind::Encrypted { auth_key_id }) => self.receive_sealed(auth_key_id, payload).await,
            Err(_) => Err(Refused::Fatal(TransportCode::NotFound)),
        }
    }

    /// One step of a key exchange.
    async fn receive_plain(&mut self, payload: Vec<u8>) -> Result<Received, Refused> {
        let shared = Arc::clone(&self.shared);
        if !shared.admission.handshake_step(self.address, shared.now()) {
            return Err(Refused::Fatal(TransportCode::Flood));
        }
        let body = match packet::plain::open(&payload) {
            Ok(plain) => plain.body.to_vec(),
            Err(_) => return Err(Refused::Fatal(TransportCode::NotFound)),
        };
        let answer = match self.handshake_step(body).await? {
            Step::Reply(answer) => answer,
            Step::Pending => return Ok(Received::Nothing),
            Step::Created(id, new) => {
                if !shared.admission.key_made(self.address, shared.now()) {
                    return Err(Refused::Fatal(TransportCode::Flood));
                }
                let record = key_record(new);
                self.made_key = Some(record.id);
                let kept = shared.keys.create(record).await;
                self.with_handshakes(move |handshakes| match kept {
                    Ok(true) => {
                        meters::HANDSHAKES.add(1);
                        handshakes.accept(id)
                    }
                    Ok(false) => handshakes.refuse_collision(id),
                    Err(failure) => {
                        error!(%failure, "a new key could not be kept");
                        handshakes.fail(id)
                    }
                })
                .await
                .ok_or(Refused::Close)?
            }
        };
        let mut packet = Vec::new();
        packet::plain::seal(self.plain_ids.next(shared.now().0, true), &answer, &mut packet);
        Ok(Received::Plain(packet))
    }

    async fn handshake_step(&mut self, body: Vec<u8>) -> Result<Step, Refused> {
        let shared = Arc::clone(&self.shared);
        let _place = shared.handshake_places.acquire().await.map_err(|_| Refused::Close)?;
        let now = shared.now();
        let random = Arc::clone(&shared.random);
        let step = self.with_handshakes(move |handshakes| {
            handshakes.handle(now.0, &body, &mut |bytes: &mut [u8]| random.fill(bytes))
        });
        step.await.map_err(|error| {
            meters::HANDSHAKES_FAILED.add(1);
            debug!(%error, "key exchange refused");
            Refused::Fatal(error.transport_code())
        })
    }

    /// Runs `work`, which is heavy, on the key exchanges of this connection.
    async fn with_handshakes<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Handshakes) -> T + Send + 'static,
    ) -> T {
        if matches!(self.kind, ConnectionKind::Http) {
            let handshakes = self.shared.http_exchanges.of(self.address, self.shared.now());
            return task::compute(move || {
                work(&mut handshakes.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
            })
            .await;
        }
        let mut handshakes = self.handshakes.take().unwrap_or_else(|| {
            Box::new(Handshakes::new(Arc::clone(&self.shared.handshake), HANDSHAKES_PER_CONNECTION))
        });
        let (value, handshakes) = task::compute(move || {
            let value = work(&mut handshakes);
            (value, handshakes)
        })
        .await;
        self.handshakes = Some(handshakes).filter(|handshakes| !handshakes.is_empty());
        value
    }

    async fn receive_sealed(&mut self, key_id: i64, mut payload: Vec<u8>) -> Result<Received, Refused> {
        let shared = Arc::clone(&self.shared);
        let found = shared.key(key_id).await.map_err(|failure| {
            error!(%failure, "a key could not be read");
            Refused::Close
        })?;
        let Some(key) = found else { return Err(self.unknown_key()) };
        let opened = packet::encrypted::open(&key.auth, Side::Client, &mut payload)
            .map_err(|_| Refused::Fatal(TransportCode::NotFound))?;
        if self.made_key == Some(key_id) {
            self.forget_handshake();
        }
        let now = shared.now();
        let entry = self.enter(&key, &opened, now)?;
        let (handled, is_active, events) = {
            let mut state = entry.state();
            let handled = state.session.handle_message(now.0, self.link.id, &opened);
            let is_active = state.session.is_active(self.link.id);
            if is_active {
                state.heard(now);
            }
            (handled, is_active, state.settle())
        };
        if is_active {
            self.trust(&key);
        }
        for event in events {
            self.act(&entry, event);
        }
        match handled {
            Ok(()) => Ok(Received::QuickAck(opened.quick_ack_token)),
            Err(error) => {
                debug!(%error, "message refused");
                error.fatal().map_or(Ok(Received::Nothing), |code| Err(Refused::Fatal(code)))
            }
        }
    }

    /// The connection has shown that it is the client's.
    fn trust(&mut self, key: &Key) {
        self.is_known = true;
        let trusted = self.newcomer.take_if(|newcomer| key.has_user() || newcomer.needs_no_user());
        if let Some(newcomer) = trusted {
            newcomer.trust();
        }
    }

    /// The client uses its new key: its last question about the exchange was answered.
    fn forget_handshake(&mut self) {
        self.made_key = None;
        self.handshakes = self.handshakes.take().filter(|handshakes| handshakes.len() > 1);
    }

    fn unknown_key(&mut self) -> Refused {
        self.unknown_keys += 1;
        // Each costs a look into the store.
        if !self.shared.admission.handshake_step(self.address, self.shared.now()) {
            Refused::Fatal(TransportCode::Flood)
        } else if self.unknown_keys >= UNKNOWN_KEYS_PER_CONNECTION {
            Refused::Fatal(TransportCode::NotFound)
        } else {
            Refused::Error(TransportCode::NotFound)
        }
    }

    /// The session, with this connection attached to it.
    fn enter(&mut self, key: &Arc<Key>, opened: &Opened<'_>, now: Time) -> Result<Arc<Entry>, Refused> {
        // Ends: each round needs the session to be ended by somebody else in between.
        loop {
            let entry = match self.shared.registry.session(key, opened.session_id, now) {
                Ok(entry) => entry,
                Err(NoSession::Full | NoSession::TooMany) => {
                    return Err(Refused::Fatal(TransportCode::Flood));
                }
                Err(NoSession::KeyGone) => return Err(Refused::Close),
            };
            let attached = entry.state().attach(now, &self.link, self.kind, opened);
            match attached {
                Attached::Over => continue,
                Attached::Refused => return Err(Refused::Close),
                Attached::First | Attached::Already => {}
            }
            if !self.sessions.iter().any(|known| Arc::ptr_eq(known, &entry)) {
                if self.sessions.len() >= SESSIONS_PER_CONNECTION {
                    let oldest = self.sessions.remove(0);
                    self.shared.detach(&oldest, &self.link);
                }
                self.sessions.push(Arc::clone(&entry));
            }
            if attached == Attached::First {
                // Else the end of an earlier session of this name would be taken for that of this one.
                self.shared.report_gone();
                self.shared.handler.connected(entry.reference);
            }
            return Ok(entry);
        }
    }

    fn act(&self, entry: &Arc<Entry>, event: Event) {
        let now = self.shared.now();
        match event {
            Event::Rpc { msg_id, body, .. } => {
                let call = Call { caller: self.caller(entry), msg_id, body, link: Arc::clone(&self.link) };
                calls::start(&self.shared, entry, call);
            }
            // The query runs to its end all the same: half of it may be done.
            Event::AnswerDropped { .. } => {}
            Event::DestroySession { msg_id, session_id } => {
                let session = SessionRef { session_id, ..entry.reference };
                let existed = self.shared.registry.destroy_session(session);
                let mut state = entry.state();
                state.session.answer_destroy_session(now.0, msg_id, session_id, existed);
                // An answer gives nothing else to do.
                let _ = state.settle();
            }
            Event::DestroyAuthKey { msg_id } => {
                calls::destroy_key(&self.shared, entry, &self.link, msg_id);
            }
            // The registry acted on these already.
            Event::Disconnect { .. } | Event::Overflow => {}
        }
    }

    fn caller(&self, entry: &Entry) -> Caller {
        Caller {
            auth_key_id: entry.key.auth_key_id(),
            session: entry.reference,
            is_temporary: entry.key.is_temporary(),
            address: self.address,
            transport: self.transport,
            dc: entry.key.dc,
        }
    }

    /// Appends one packet to `out`, if a session has one for this connection.
    pub(crate) fn transmit(&self, out: &mut Vec<u8>) -> bool {
        let now = self.shared.now();
        let random = &self.shared.random;
        self.sessions.iter().any(|entry| {
            let mut random = |bytes: &mut [u8]| random.fill(bytes);
            let mut state = entry.state();
            let has_more = state.session.poll_transmit(now.0, self.link.id, &mut random, out);
            if has_more {
                state.count();
            }
            has_more
        })
    }

    /// Whether something may still come for this request.
    pub(crate) fn awaits(&self) -> bool {
        self.link.calls() > 0 || self.sessions.iter().any(|entry| entry.state().session.awaits(self.link.id))
    }

    /// Lets the sessions do what was due by `now`, and tells when they want to be asked next.
    pub(crate) fn handle_timeouts(&self, now: Time) -> Option<Time> {
        let mut next: Option<i64> = None;
        for entry in &self.sessions {
            let mut state = entry.state();
            let mut events = Vec::new();
            if state.session.poll_timeout().is_some_and(|at| at <= now.0) {
                state.session.handle_timeout(now.0);
                events = state.settle();
            }
            next = [next, state.session.poll_timeout()].into_iter().flatten().min();
            drop(state);
            for event in events {
                self.act(entry, event);
            }
        }
        next.map(Time)
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        for entry in &self.sessions {
            self.shared.detach(entry, &self.link);
        }
    }
}

fn key_record(new: NewAuthKey) -> KeyRecord {
    let created_at = Time(new.created);
    let kind = match new.expires_in {
        None => KeyKind::Permanent,
        Some(secs) => KeyKind::Temporary { expires_at: created_at.plus_secs(i64::from(secs)), perm_id: None },
    };
    KeyRecord {
        id: new.key.id(),
        key: Box::new(*new.key.bytes()),
        kind,
        dc: new.dc,
        initial_salt: new.salt,
        created_at,
        has_user: false,
    }
}
