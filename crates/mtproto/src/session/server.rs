//! The server's side of a session.

use std::collections::VecDeque;

use crypto::{AuthKey, RandomSource};
use tl::Encode;
use tl::service::{
    BadMsgNotification, BadServerSalt, DestroyAuthKeyFail, DestroyAuthKeyNone, DestroyAuthKeyOk,
    DestroySessionNone, DestroySessionOk, FutureSalts, MsgsStateInfo, NewSessionCreated, Pong,
    RpcAnswerDropped, RpcAnswerDroppedRunning, RpcAnswerUnknown,
};

use super::check::{Checked, check};
use super::connections::{Connection, ConnectionId, ConnectionKind, Wake};
use super::container::is_container;
use super::incoming::Incoming;
use super::outgoing::{Envelope, Outbound, Outgoing, Released, encode};
use super::queries::{Queries, Query};
use super::salts::Salts;
use super::service::Request;
use crate::limits::{
    ACK_DELAY, ACKS_PENDING_MAX, CONNECTIONS_MAX, DISCONNECT_DELAY_MAX_SECONDS, DISCONNECT_DELAY_MIN_SECONDS,
    HTTP_RESEND_DELAY, MSG_IDS_MAX, RUNNING_QUERIES_MAX,
};
use crate::packet::encrypted::Opened;

pub use super::answer::Packed;
pub use super::misbehaved::PeerMisbehaved;
pub use super::outgoing::{Bounds, Overflow};

/// What the application is to do.
#[derive(PartialEq, Eq)]
pub enum Event {
    /// Run a query; [`ServerSession::answer`] it. The same query is never given out twice, unless the answer
    /// to it was too large to be kept and the client asked for it again.
    Rpc { msg_id: i64, body: Vec<u8>, connection: ConnectionId },
    /// The answer to a running query is not wanted any more. The query may run on.
    AnswerDropped { msg_id: i64 },
    /// Forget another session of the same key, then call [`ServerSession::answer_destroy_session`].
    DestroySession { msg_id: i64, session_id: i64 },
    /// Forget the key, then call [`ServerSession::answer_destroy_auth_key`].
    DestroyAuthKey { msg_id: i64 },
    /// Close a connection: the client said it would be dead by now, or there are too many.
    Disconnect { connection: ConnectionId },
    /// Close all connections and forget the session: the client does not read or acknowledge.
    Overflow,
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rpc { msg_id, body, .. } => write!(f, "Rpc({msg_id}, {} bytes)", body.len()),
            Self::AnswerDropped { msg_id } => write!(f, "AnswerDropped({msg_id})"),
            Self::DestroySession { msg_id, .. } => write!(f, "DestroySession({msg_id})"),
            Self::DestroyAuthKey { msg_id } => write!(f, "DestroyAuthKey({msg_id})"),
            Self::Disconnect { connection } => write!(f, "Disconnect({connection:?})"),
            Self::Overflow => f.write_str("Overflow"),
        }
    }
}

/// How the destruction of a key went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DestroyAuthKeyOutcome {
    Ok,
    None,
    Fail,
}

/// State of one session: `session_id` under one key.
pub struct ServerSession {
    key: AuthKey,
    session_id: i64,
    unique_id: i64,
    salts: Salts,
    /// The lowest identifier the client was told the session begins with.
    first_msg_id: Option<i64>,
    strict_order: bool,
    /// Messages up to this identifier may have been taken before.
    ended_at: i64,
    /// The one used last stands last.
    connections: Vec<Connection>,
    incoming: Incoming,
    queries: Queries,
    outgoing: Outgoing,
    /// Messages to acknowledge, and since when the first waits.
    acks: Vec<i64>,
    acks_since: i64,
    events: VecDeque<Event>,
    last_seen: i64,
    overflown: bool,
}

impl ServerSession {
    /// `unique_id` is random and new each time the session is made: clients take another one as a gap in
    /// their updates.
    pub fn new(key: AuthKey, session_id: i64, unique_id: i64, salts: Salts, now: i64) -> Self {
        Self {
            key,
            session_id,
            unique_id,
            salts,
            first_msg_id: None,
            strict_order: false,
            ended_at: i64::MIN,
            connections: Vec::new(),
            incoming: Incoming::default(),
            queries: Queries::default(),
            outgoing: Outgoing::default(),
            acks: Vec::new(),
            acks_since: 0,
            events: VecDeque::new(),
            last_seen: now,
            overflown: false,
        }
    }

    /// Refuses (code 16) messages that are older than the newest one of the session.
    ///
    /// Reordering within the allowed window is part of the protocol and clients with several workers or
    /// connections cause it, so this is off unless somebody knows their clients ("Four attacks and a
    /// proof for Telegram", 2022, first attack). Without it, order between queries is kept within
    /// containers and by `invokeAfterMsg`.
    pub fn set_strict_order(&mut self, strict: bool) {
        self.strict_order = strict;
    }

    /// There was such a session before, and it took messages up to this identifier: they are refused (code 16),
    /// for nobody knows which they were.
    pub fn set_ended_at(&mut self, msg_id: i64) {
        self.ended_at = msg_id;
    }

    /// The highest identifier of a message that was taken.
    pub fn highest_msg_id(&self) -> Option<i64> {
        self.incoming.highest()
    }

    /// Makes a connection known. It is used for the session's own messages only after a message that is
    /// no replay came over it. Known connections are left as they are.
    pub fn attach(&mut self, now: i64, connection: ConnectionId, kind: ConnectionKind) {
        if self.connections.iter().any(|known| known.id == connection) {
            return;
        }
        if self.connections.len() >= CONNECTIONS_MAX {
            let oldest = self.connections[0].id;
            self.detach(now, oldest);
            self.events.push_back(Event::Disconnect { connection: oldest });
        }
        self.connections.push(Connection::new(connection, kind, now));
    }

    /// A connection is gone. What was sent over it and not acknowledged waits for the next one.
    pub fn detach(&mut self, now: i64, connection: ConnectionId) {
        let Some(at) = self.connections.iter().position(|known| known.id == connection) else { return };
        self.connections.remove(at);
        self.outgoing.resend(|_, sent| sent.via == connection);
        self.wake_ready(now);
    }

    /// Takes a decrypted message.
    pub fn handle_message(
        &mut self,
        now: i64,
        connection: ConnectionId,
        message: &Opened<'_>,
    ) -> Result<(), PeerMisbehaved> {
        if message.session_id != self.session_id {
            return Err(PeerMisbehaved::WrongSession);
        }
        let checked = self.check(now, message);
        let result = match checked {
            Ok((checked, fresh)) => {
                if fresh {
                    self.last_seen = now;
                    self.activate(now, connection);
                }
                self.accept(now, connection, message, checked, fresh)
            }
            Err(error) => Err(error),
        };
        if let Err(error) = &result {
            self.notify(now, connection, message, error);
        }
        self.wake_ready(now);
        result
    }

    /// Whether [`Self::handle_message`] would take the message for one that is no replay.
    pub fn is_fresh(&mut self, now: i64, message: &Opened<'_>) -> bool {
        message.session_id == self.session_id && self.check(now, message).is_ok_and(|(_, fresh)| fresh)
    }

    fn check<'a>(
        &mut self,
        now: i64,
        message: &Opened<'a>,
    ) -> Result<(Vec<Checked<'a>>, bool), PeerMisbehaved> {
        if message.msg_id <= self.ended_at {
            return Err(PeerMisbehaved::MsgIdTooLow);
        }
        check(now, &mut self.salts, &self.incoming, self.strict_order, message)
    }

    fn accept(
        &mut self,
        now: i64,
        connection: ConnectionId,
        message: &Opened<'_>,
        checked: Vec<Checked<'_>>,
        fresh: bool,
    ) -> Result<(), PeerMisbehaved> {
        let new_queries =
            |checked: &&Checked<'_>| !checked.repeat && matches!(checked.request, Request::Rpc(_));
        if self.queries.running() + checked.iter().filter(new_queries).count() > RUNNING_QUERIES_MAX {
            return Err(PeerMisbehaved::TooManyQueries);
        }
        if let Some(first) =
            checked.iter().filter(|message| !message.repeat).map(|message| message.msg_id).min()
        {
            self.announce(now, first);
        }
        if fresh && is_container(message.body) {
            self.incoming.insert(message.msg_id, message.seq_no, true);
            self.incoming.acknowledged(message.msg_id);
        }
        for message in checked {
            if message.repeat {
                self.repeat(now, connection, message, fresh);
            } else {
                self.incoming.insert(message.msg_id, message.seq_no, false);
                self.run(now, connection, message);
            }
        }
        Ok(())
    }

    /// Tells the client that the session is new, and where it begins. The first message of the session, so
    /// that no other has a lower identifier.
    fn announce(&mut self, now: i64, first_msg_id: i64) {
        if self.first_msg_id.is_some_and(|known| known <= first_msg_id) {
            return;
        }
        self.first_msg_id = Some(first_msg_id);
        let server_salt = self.salts.current(now);
        let created = NewSessionCreated { first_msg_id, unique_id: self.unique_id, server_salt };
        self.queue(Outbound { content: true, reply: true, ..Outbound::new(now, encode(&created)) });
    }

    fn run(&mut self, now: i64, connection: ConnectionId, message: Checked<'_>) {
        let msg_id = message.msg_id;
        // Most answers acknowledge by themselves; what has none is acknowledged in words.
        let mut acknowledge = message.seq_no & 1 == 1;
        match message.request {
            Request::Rpc(body) => {
                self.queries.set(msg_id, Query::Running { connection });
                self.events.push_back(Event::Rpc { msg_id, body: body.into_owned(), connection });
            }
            Request::Acks(ids) => {
                for id in ids {
                    self.acknowledged(id);
                }
            }
            Request::Ping { ping_id, disconnect_delay } => {
                self.reply(now, connection, &Pong { msg_id, ping_id });
                if let Some(seconds) = disconnect_delay {
                    let seconds = seconds.clamp(DISCONNECT_DELAY_MIN_SECONDS, DISCONNECT_DELAY_MAX_SECONDS);
                    if let Some(known) = self.connection(connection) {
                        known.disconnect_at = Some(now + i64::from(seconds) * 1000);
                    }
                }
                acknowledge = false;
            }
            Request::FutureSalts(count) => {
                let salts = self.salts.future(now, count);
                let seconds = i32::try_from(now.div_euclid(1000)).unwrap_or(i32::MAX);
                self.reply(now, connection, &FutureSalts { req_msg_id: msg_id, now: seconds, salts });
                acknowledge = false;
            }
            Request::StateReq(ids) => {
                self.state_info(now, connection, msg_id, &ids);
                acknowledge = false;
            }
            Request::ResendReq(ids) => self.resend_requested(now, connection, msg_id, &ids),
            Request::ResendAnsReq(ids) => {
                self.outgoing.resend_answers(&ids);
            }
            Request::DropAnswer(query) => {
                self.drop_answer(now, connection, msg_id, query);
                acknowledge = false;
            }
            Request::DestroySession(session_id) if session_id == self.session_id => {
                self.answer_destroy_session(now, msg_id, session_id, false);
            }
            Request::DestroySession(session_id) => {
                self.events.push_back(Event::DestroySession { msg_id, session_id });
            }
            Request::DestroyAuthKey => self.events.push_back(Event::DestroyAuthKey { msg_id }),
            Request::HttpWait(wait) => {
                if let Some(known) = self.connection(connection) {
                    known.wait.ask(wait.max_delay, wait.wait_after, wait.max_wait);
                }
            }
            Request::Notice => (),
        }
        if acknowledge {
            self.acknowledge(now, msg_id);
        } else {
            self.incoming.acknowledged(msg_id);
        }
    }

    /// A message that was received before. Nothing is done twice; the first answer goes out again.
    fn repeat(&mut self, now: i64, connection: ConnectionId, message: Checked<'_>, fresh: bool) {
        match (self.queries.get(message.msg_id), message.request) {
            (Some(Query::Answered), _) => self.resend_answer(message.msg_id),
            // Only a new container proves that it is the client who asks again.
            (Some(Query::Released), Request::Rpc(body)) if fresh => {
                self.queries.set(message.msg_id, Query::Running { connection });
                let body = body.into_owned();
                self.events.push_back(Event::Rpc { msg_id: message.msg_id, body, connection });
            }
            _ if message.seq_no & 1 == 1 => self.acknowledge(now, message.msg_id),
            _ => (),
        }
    }

    fn notify(&mut self, now: i64, connection: ConnectionId, message: &Opened<'_>, error: &PeerMisbehaved) {
        let Some(error_code) = error.code() else { return };
        let (bad_msg_id, bad_msg_seqno) = (message.msg_id, message.seq_no);
        if *error == PeerMisbehaved::BadServerSalt {
            let new_server_salt = self.salts.current(now);
            let bad = BadServerSalt { bad_msg_id, bad_msg_seqno, error_code, new_server_salt };
            self.reply(now, connection, &bad);
        } else {
            self.reply(now, connection, &BadMsgNotification { bad_msg_id, bad_msg_seqno, error_code });
        }
    }

    /// The client has received a message of ours.
    fn acknowledged(&mut self, msg_id: i64) {
        if let Some(query) = self.outgoing.acknowledge(msg_id).and_then(|message| message.answer_to) {
            self.queries.remove(query);
        }
    }

    fn acknowledge(&mut self, now: i64, msg_id: i64) {
        if self.acks.contains(&msg_id) {
            return;
        }
        if self.acks.is_empty() {
            self.acks_since = now;
        }
        if self.acks.len() < MSG_IDS_MAX {
            self.acks.push(msg_id);
        }
    }

    fn resend_answer(&mut self, query: i64) {
        self.outgoing.resend_answers(&[query]);
    }

    /// Source: MTProto, "Service messages about messages", "Informational message regarding status of
    /// messages".
    fn state_info(&mut self, now: i64, connection: ConnectionId, req_msg_id: i64, ids: &[i64]) {
        let info = ids.iter().map(|id| self.state_of(*id)).collect();
        self.reply(now, connection, &MsgsStateInfo { req_msg_id, info });
    }

    fn state_of(&self, msg_id: i64) -> u8 {
        const RECEIVED: u8 = 4;
        const ACKNOWLEDGED: u8 = 8;
        const NEEDS_NO_ACK: u8 = 16;
        const RUNNING_OR_DONE: u8 = 32;
        const ANSWERED: u8 = 64;
        let Some(seen) = self.incoming.get(msg_id) else { return self.incoming.state_of_missing(msg_id) };
        let acknowledged = match (seen.seq_no & 1 == 1, seen.acknowledged) {
            (false, _) => NEEDS_NO_ACK,
            (true, true) => ACKNOWLEDGED,
            (true, false) => 0,
        };
        RECEIVED
            | match self.queries.get(msg_id) {
                // Asking again is the only way to the answer.
                Some(Query::Released) => return 2,
                Some(Query::Running { .. }) => acknowledged | RUNNING_OR_DONE,
                Some(Query::Dropped | Query::Answered) => acknowledged | RUNNING_OR_DONE | ANSWERED,
                None => acknowledged,
            }
    }

    fn resend_requested(&mut self, now: i64, connection: ConnectionId, req_msg_id: i64, ids: &[i64]) {
        if !ids.iter().all(|id| self.outgoing.is_kept(*id)) {
            self.state_info(now, connection, req_msg_id, ids);
        }
        self.outgoing.resend_asked(ids.iter().copied());
    }

    /// Source: MTProto, "Service messages", "Cancellation of an RPC query".
    fn drop_answer(&mut self, now: i64, connection: ConnectionId, msg_id: i64, query: i64) {
        match self.queries.get(query) {
            Some(Query::Running { .. }) => {
                self.queries.set(query, Query::Dropped);
                self.events.push_back(Event::AnswerDropped { msg_id: query });
                self.result(now, Some(connection), query, &encode(&RpcAnswerDroppedRunning {}));
                self.result(now, Some(connection), msg_id, &encode(&RpcAnswerDroppedRunning {}));
            }
            Some(Query::Answered) => {
                let mut answer = self.outgoing.remove_answer(query);
                let (answer_id, seq_no) =
                    answer.as_mut().map_or((0, 0), |answer| self.outgoing.identify(now, answer));
                let bytes = answer.map_or(0, |answer| i32::try_from(answer.len()).unwrap_or(i32::MAX));
                self.queries.remove(query);
                let dropped = RpcAnswerDropped { msg_id: answer_id, seq_no, bytes };
                self.result(now, Some(connection), msg_id, &encode(&dropped));
            }
            Some(Query::Dropped | Query::Released) | None => {
                self.result(now, Some(connection), msg_id, &encode(&RpcAnswerUnknown {}));
            }
        }
    }

    /// The result of a query: a boxed object, `rpc_error` included. Ignored when nobody waits for it.
    pub fn answer(&mut self, now: i64, msg_id: i64, body: &[u8]) {
        self.answer_packed(now, Packed::new(msg_id, body));
    }

    /// The same with a result that was packed before.
    pub fn answer_packed(&mut self, now: i64, answer: Packed) {
        match self.queries.get(answer.query) {
            Some(Query::Running { connection }) => {
                self.queries.set(answer.query, Query::Answered);
                self.packed_result(now, Some(connection), answer);
                self.wake_ready(now);
            }
            // The client got its last word about this query already.
            Some(Query::Dropped) => self.queries.remove(answer.query),
            _ => (),
        }
    }

    /// Sends the client something it did not ask for (updates). It is kept until it is acknowledged.
    pub fn push(&mut self, now: i64, body: Vec<u8>) -> Result<(), Overflow> {
        let message = Outbound { content: true, ..Outbound::new(now, body) };
        let result = if self.overflown { Err(Overflow) } else { self.outgoing.push(message) };
        self.overflown |= result.is_err();
        self.wake_ready(now);
        result
    }

    /// Forgets what was pushed and not acknowledged: it is not for whoever the client speaks for now.
    pub fn forget_pushes(&mut self) {
        self.outgoing.forget(|message| message.content && !message.reply);
    }

    pub fn answer_destroy_session(&mut self, now: i64, msg_id: i64, session_id: i64, existed: bool) {
        let object: &dyn Encode =
            if existed { &DestroySessionOk { session_id } } else { &DestroySessionNone { session_id } };
        self.service_answer(now, msg_id, object);
    }

    pub fn answer_destroy_auth_key(&mut self, now: i64, msg_id: i64, outcome: DestroyAuthKeyOutcome) {
        let object: &dyn Encode = match outcome {
            DestroyAuthKeyOutcome::Ok => &DestroyAuthKeyOk {},
            DestroyAuthKeyOutcome::None => &DestroyAuthKeyNone {},
            DestroyAuthKeyOutcome::Fail => &DestroyAuthKeyFail {},
        };
        self.service_answer(now, msg_id, object);
    }

    /// Clients expect these two answers bare, not inside `rpc_result`.
    fn service_answer(&mut self, now: i64, msg_id: i64, object: &dyn Encode) {
        self.incoming.acknowledged(msg_id);
        self.acks.retain(|ack| *ack != msg_id);
        self.queue(Outbound { reply: true, ..Outbound::new(now, encode(object)) });
        self.wake_ready(now);
    }

    fn result(&mut self, now: i64, target: Option<ConnectionId>, query: i64, body: &[u8]) {
        self.packed_result(now, target, Packed::new(query, body));
    }

    /// Queues a result. It acknowledges its query by itself.
    fn packed_result(&mut self, now: i64, target: Option<ConnectionId>, answer: Packed) {
        let Packed { query, body } = answer;
        self.acks.retain(|ack| *ack != query);
        self.incoming.acknowledged(query);
        let answer_to = (self.queries.get(query) == Some(Query::Answered)).then_some(query);
        self.queue(Outbound { content: true, reply: true, answer_to, target, ..Outbound::new(now, body) });
    }

    /// Queues a service message that answers one of the client's and is not kept.
    fn reply(&mut self, now: i64, connection: ConnectionId, object: &dyn Encode) {
        self.queue(Outbound { reply: true, target: Some(connection), ..Outbound::new(now, encode(object)) });
    }

    fn queue(&mut self, message: Outbound) {
        if self.outgoing.push(message).is_err() && !self.overflown {
            self.overflown = true;
            self.events.push_back(Event::Overflow);
        }
    }

    /// The next thing for the application to do.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// A connection that has something to transmit; each is given once until it was asked
    /// ([`Self::poll_transmit`]).
    pub fn poll_wake(&mut self) -> Option<ConnectionId> {
        let known = self.connections.iter_mut().find(|known| known.wake == Wake::Due)?;
        known.wake = Wake::Told;
        Some(known.id)
    }

    /// Appends one packet for a connection to `out`; `false` when there is none now. An HTTP connection gets
    /// one, and is then detached.
    pub fn poll_transmit(
        &mut self,
        now: i64,
        connection: ConnectionId,
        random: &mut dyn RandomSource,
        out: &mut Vec<u8>,
    ) -> bool {
        let Some(known) = self.connection(connection) else { return false };
        known.wake = Wake::Idle;
        let (kind, active) = (known.kind, known.active);
        if !self.is_ready(now, connection) {
            return false;
        }
        let salt = self.salts.current(now);
        let own = (kind == ConnectionKind::Http).then_some(connection);
        let envelope = Envelope { key: &self.key, session_id: self.session_id, salt, connection, own };
        // Acknowledgements ride along, but not to somebody who may only be playing back.
        let acks = if active { std::mem::take(&mut self.acks) } else { Vec::new() };
        for ack in &acks {
            self.incoming.acknowledged(*ack);
        }
        let takes = Takes::new(&self.connections, connection);
        let released =
            self.outgoing.transmit(now, &envelope, |message| takes.takes(message), acks, random, out);
        self.released(released);
        if kind == ConnectionKind::Http {
            self.connections.retain(|known| known.id != connection);
        }
        true
    }

    fn released(&mut self, released: Released) {
        for query in released.large {
            self.queries.set(query, Query::Released);
        }
        for query in released.old {
            self.queries.remove(query);
        }
    }

    /// How much is kept from now on, at most.
    pub fn set_bounds(&mut self, bounds: Bounds) {
        self.outgoing.set_bounds(bounds);
    }

    /// Bytes of messages that wait to be sent or acknowledged.
    pub fn outgoing_bytes(&self) -> usize {
        self.outgoing.bytes()
    }

    /// Forgets sent answers, the oldest first, until no more than this is kept of what was sent.
    pub fn shed(&mut self, bytes: usize) {
        let released = self.outgoing.release_to(bytes);
        self.released(released);
    }

    /// Whether something may still come for an HTTP request: it is kept open for news, queries of it run, or
    /// something is on its way. Otherwise there is nothing to hold it for.
    pub fn awaits(&self, connection: ConnectionId) -> bool {
        let Some(known) = self.connections.iter().find(|known| known.id == connection) else { return false };
        known.wait.asked || self.queries.is_awaited(connection) || self.queued_for(connection).is_some()
    }

    /// When [`Self::handle_timeout`] wants to be called next.
    pub fn poll_timeout(&self) -> Option<i64> {
        // Acknowledgements alone never answer an HTTP request, and a stream is woken for them once.
        let main = main(&self.connections);
        let waits = |known: &Connection| {
            Some(known.id) == main && known.kind == ConnectionKind::Stream && known.wake == Wake::Idle
        };
        let acks = (!self.acks.is_empty() && self.connections.iter().any(waits))
            .then_some(self.acks_since + ACK_DELAY);
        let connections = self.connections.iter().flat_map(|known| {
            let http = (known.kind == ConnectionKind::Http).then(|| self.http_due(known));
            [known.disconnect_at, http.filter(|_| known.wake == Wake::Idle)]
        });
        acks.into_iter().chain(connections.flatten()).min()
    }

    pub fn handle_timeout(&mut self, now: i64) {
        for known in &mut self.connections {
            if known.disconnect_at.is_some_and(|at| at <= now) {
                known.disconnect_at = None;
                self.events.push_back(Event::Disconnect { connection: known.id });
            }
        }
        self.wake_ready(now);
    }

    /// Notes that a message that is no replay came over a connection.
    fn activate(&mut self, now: i64, connection: ConnectionId) {
        let Some(at) = self.connections.iter().position(|known| known.id == connection) else { return };
        let mut known = self.connections.remove(at);
        let first = !std::mem::replace(&mut known.active, true);
        let kind = known.kind;
        self.connections.push(known);
        if !first {
            return;
        }
        // Streams say when they end; of HTTP nobody knows whether the last response arrived.
        let connections = &self.connections;
        let alive = |id| connections.iter().any(|known| known.id == id);
        self.outgoing.resend(|_, sent| {
            !alive(sent.via) && (kind == ConnectionKind::Stream || sent.at + HTTP_RESEND_DELAY <= now)
        });
    }

    fn connection(&mut self, connection: ConnectionId) -> Option<&mut Connection> {
        self.connections.iter_mut().find(|known| known.id == connection)
    }

    fn queued_for(&self, connection: ConnectionId) -> Option<(i64, i64)> {
        let takes = Takes::new(&self.connections, connection);
        self.outgoing.queued(|message| takes.takes(message))
    }

    /// When an HTTP request is to be answered.
    fn http_due(&self, known: &Connection) -> i64 {
        known.wait.due(self.queued_for(known.id), self.queries.is_awaited(known.id))
    }

    fn acks_due(&self, now: i64) -> bool {
        self.acks.len() >= ACKS_PENDING_MAX || (!self.acks.is_empty() && self.acks_since + ACK_DELAY <= now)
    }

    fn is_ready(&self, now: i64, connection: ConnectionId) -> bool {
        let Some(known) = self.connections.iter().find(|known| known.id == connection) else { return false };
        match known.kind {
            ConnectionKind::Http => self.http_due(known) <= now,
            ConnectionKind::Stream => {
                let takes = Takes::new(&self.connections, connection);
                self.outgoing.has(|message| takes.takes(message)) || (takes.is_main && self.acks_due(now))
            }
        }
    }

    fn wake_ready(&mut self, now: i64) {
        for at in 0..self.connections.len() {
            let known = &self.connections[at];
            if known.wake == Wake::Idle && self.is_ready(now, known.id) {
                self.connections[at].wake = Wake::Due;
            }
        }
    }

    pub fn session_id(&self) -> i64 {
        self.session_id
    }

    pub fn auth_key_id(&self) -> i64 {
        self.key.id()
    }

    /// Whether a connection is there that gets the session's messages.
    pub fn is_attached(&self) -> bool {
        main(&self.connections).is_some()
    }

    /// Whether a message that was no replay has come over a connection.
    pub fn is_active(&self, connection: ConnectionId) -> bool {
        self.connections.iter().any(|known| known.id == connection && known.active)
    }

    /// When the last message came that was no replay, in unix milliseconds.
    pub fn last_seen(&self) -> i64 {
        self.last_seen
    }

    /// Queries that were given out and not answered yet.
    pub fn running_queries(&self) -> usize {
        self.queries.running()
    }
}

/// The connection for whatever belongs to none: the HTTP request kept open for that, else the one used
/// last.
fn main(connections: &[Connection]) -> Option<ConnectionId> {
    let active = || connections.iter().rev().filter(|known| known.active);
    let asked = active().find(|known| known.kind == ConnectionKind::Http && known.wait.asked);
    asked.or_else(|| active().next()).map(|known| known.id)
}

/// Which of the waiting messages go over a connection.
struct Takes<'a> {
    connection: ConnectionId,
    is_main: bool,
    connections: &'a [Connection],
}

impl<'a> Takes<'a> {
    fn new(connections: &'a [Connection], connection: ConnectionId) -> Self {
        Self { connection, is_main: main(connections) == Some(connection), connections }
    }

    fn takes(&self, message: &Outbound) -> bool {
        match message.target {
            Some(target) if target == self.connection => true,
            Some(target) if self.connections.iter().any(|known| known.id == target) => false,
            _ => self.is_main,
        }
    }
}
