//! The server's side of a session.

use std::borrow::Cow;
use std::collections::VecDeque;

use crypto::{AuthKey, RandomSource};
use tl::service::{
    BadMsgNotification, BadServerSalt, DestroyAuthKeyFail, DestroyAuthKeyNone, DestroyAuthKeyOk,
    DestroySessionNone, DestroySessionOk, FutureSalts, GZIP_PACKED, MsgsStateInfo, NewSessionCreated, Pong,
    RPC_RESULT, RpcAnswerDropped, RpcAnswerDroppedRunning, RpcAnswerUnknown,
};
use tl::{DecodeError, Encode, Writer, gzip};

use super::connections::{Connection, ConnectionId, ConnectionKind};
use super::container::{ContainerError, Message, is_container, unfold};
use super::incoming::{Incoming, Verdict};
use super::msg_id::{Timeliness, timeliness};
use super::outgoing::{Envelope, Outbound, Outgoing, encode};
use super::queries::{Queries, Query};
use super::salts::Salts;
use super::service::{Request, RequestError, parse};
use crate::limits::{
    ACK_DELAY, ACKS_PENDING_MAX, CONNECTIONS_MAX, DISCONNECT_DELAY_MAX_SECONDS, DISCONNECT_DELAY_MIN_SECONDS,
    GZIP_BYTES_MIN, HTTP_RESEND_DELAY, MSG_IDS_MAX, RUNNING_QUERIES_MAX,
};
use crate::packet::encrypted::Opened;
use crate::transport::TransportCode;

pub use super::outgoing::Overflow;

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

/// One variant per way in which a client's message can be wrong. The message, with everything in it, was
/// not processed. Where the protocol has a notice for it, the notice is on its way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerMisbehaved {
    #[error("the message belongs to another session")]
    WrongSession,
    #[error("code 16: the message identifier is too low for the time")]
    MsgIdTooLow,
    #[error("code 17: the message identifier is too high for the time")]
    MsgIdTooHigh,
    #[error("code 18: the message identifier is not divisible by four")]
    MsgIdParity,
    #[error("code 19: the container has the identifier of another message")]
    ContainerIdReused,
    #[error("code 20: too old to tell whether it was received")]
    TooOld,
    #[error("code 32: the sequence number is too low")]
    SeqNoTooLow,
    #[error("code 33: the sequence number is too high")]
    SeqNoTooHigh,
    #[error("code 34: the sequence number of an acknowledgement or container is odd")]
    EvenSeqNoExpected,
    #[error("code 35: the sequence number of a query is even")]
    OddSeqNoExpected,
    #[error("code 48: the salt is not good now")]
    BadServerSalt,
    #[error("code 64: {0}")]
    InvalidContainer(ContainerError),
    #[error("a container was played back")]
    Replayed,
    #[error("a service message does not decode: {0}")]
    Malformed(DecodeError),
    #[error("{count} identifiers in one service message")]
    TooManyIds { count: usize },
    #[error("too many queries at the same time")]
    TooManyQueries,
    #[error("the messages overtook each other on one connection")]
    Reordered,
}

impl PeerMisbehaved {
    /// The code of the notice to the client.
    pub fn code(&self) -> Option<i32> {
        Some(match self {
            Self::MsgIdTooLow | Self::Reordered => 16,
            Self::MsgIdTooHigh => 17,
            Self::MsgIdParity => 18,
            Self::ContainerIdReused => 19,
            Self::TooOld => 20,
            Self::SeqNoTooLow => 32,
            Self::SeqNoTooHigh => 33,
            Self::EvenSeqNoExpected => 34,
            Self::OddSeqNoExpected => 35,
            Self::BadServerSalt => 48,
            Self::InvalidContainer(_) => 64,
            Self::WrongSession | Self::Replayed | Self::Malformed(_) => return None,
            Self::TooManyIds { .. } | Self::TooManyQueries => return None,
        })
    }

    /// Whether the connection is to be closed, after this transport error.
    pub fn fatal(&self) -> Option<TransportCode> {
        match self {
            Self::WrongSession | Self::Malformed(_) => Some(TransportCode::NotFound),
            Self::TooManyIds { .. } | Self::TooManyQueries => Some(TransportCode::Flood),
            Self::InvalidContainer(ContainerError::TooMany { .. }) => Some(TransportCode::Flood),
            _ => None,
        }
    }

    pub fn is_fatal(&self) -> bool {
        self.fatal().is_some()
    }
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
    /// The one used last stands last.
    connections: Vec<Connection>,
    incoming: Incoming,
    queries: Queries,
    outgoing: Outgoing,
    /// Messages to acknowledge, and since when the first waits.
    acks: Vec<i64>,
    acks_since: i64,
    events: VecDeque<Event>,
    wakes: VecDeque<ConnectionId>,
    last_seen: i64,
    overflown: bool,
}

/// A message that was checked, and what it wants.
struct Checked<'a> {
    msg_id: i64,
    seq_no: i32,
    repeat: bool,
    request: Request<'a>,
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
            connections: Vec::new(),
            incoming: Incoming::default(),
            queries: Queries::default(),
            outgoing: Outgoing::default(),
            acks: Vec::new(),
            acks_since: 0,
            events: VecDeque::new(),
            wakes: VecDeque::new(),
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
        let given_up = self.outgoing.resend(now, |_, sent| sent.via == connection);
        self.give_up(&given_up);
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

    /// Checks a message and all it carries, changing nothing. The flag says whether the message itself, or
    /// the container around its messages, is new.
    ///
    /// Source: MTProto, "Security guidelines", "Checking msg_id"; "Service messages about messages",
    /// "Notice of ignored error message".
    fn check<'a>(
        &mut self,
        now: i64,
        message: &Opened<'a>,
    ) -> Result<(Vec<Checked<'a>>, bool), PeerMisbehaved> {
        let outer = Message { msg_id: message.msg_id, seq_no: message.seq_no, body: message.body };
        if outer.msg_id & 3 != 0 {
            return Err(PeerMisbehaved::MsgIdParity);
        }
        match timeliness(outer.msg_id, now) {
            Timeliness::TooLow => return Err(PeerMisbehaved::MsgIdTooLow),
            Timeliness::TooHigh => return Err(PeerMisbehaved::MsgIdTooHigh),
            Timeliness::Timely => (),
        }
        if !self.salts.accepts(now, message.salt) {
            return Err(PeerMisbehaved::BadServerSalt);
        }
        let verdict = self.incoming.judge(outer.msg_id, outer.seq_no);
        if !is_container(outer.body) {
            let fresh = verdict == Verdict::New;
            if fresh && self.strict_order && self.incoming.state_of_missing(outer.msg_id) != 3 {
                return Err(PeerMisbehaved::Reordered);
            }
            return Ok((vec![check_one(outer, verdict)?], fresh));
        }

        if outer.seq_no & 1 == 1 {
            return Err(PeerMisbehaved::EvenSeqNoExpected);
        }
        if let Verdict::Repeat(seen) = verdict {
            return Err(if seen.container {
                PeerMisbehaved::Replayed
            } else {
                PeerMisbehaved::ContainerIdReused
            });
        }
        unless_misplaced(verdict)?;
        if self.strict_order && self.incoming.state_of_missing(outer.msg_id) != 3 {
            return Err(PeerMisbehaved::Reordered);
        }
        let messages = unfold(outer).map_err(PeerMisbehaved::InvalidContainer)?;
        let mut checked = Vec::with_capacity(messages.len());
        for message in messages {
            if message.msg_id & 3 != 0 {
                return Err(PeerMisbehaved::MsgIdParity);
            }
            let verdict = self.incoming.judge(message.msg_id, message.seq_no);
            checked.push(check_one(message, verdict)?);
        }
        check_order(&checked, outer.seq_no)?;
        Ok((checked, true))
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
                for id in ids {
                    self.resend_answer(now, id);
                }
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
            (Some(Query::Answered), _) => self.resend_answer(now, message.msg_id),
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

    fn give_up(&mut self, queries: &[i64]) {
        for query in queries {
            self.queries.remove(*query);
        }
    }

    fn resend_answer(&mut self, now: i64, query: i64) {
        let given_up = self.outgoing.resend(now, |message, _| message.answer_to == Some(query));
        self.give_up(&given_up);
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
        let wanted = |message: &Outbound| message.sent.is_some_and(|sent| ids.contains(&sent.msg_id));
        let given_up = self.outgoing.resend(now, |message, _| wanted(message));
        self.give_up(&given_up);
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
        match self.queries.get(msg_id) {
            Some(Query::Running { connection }) => {
                self.queries.set(msg_id, Query::Answered);
                self.result(now, Some(connection), msg_id, body);
                self.wake_ready(now);
            }
            // The client got its last word about this query already.
            Some(Query::Dropped) => self.queries.remove(msg_id),
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

    /// Queues a result. It acknowledges its query by itself.
    fn result(&mut self, now: i64, target: Option<ConnectionId>, query: i64, body: &[u8]) {
        self.acks.retain(|ack| *ack != query);
        self.incoming.acknowledged(query);
        let answer_to = (self.queries.get(query) == Some(Query::Answered)).then_some(query);
        let body = rpc_result(query, body);
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
        self.wakes.pop_front()
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
        known.woken = false;
        let (kind, active) = (known.kind, known.active);
        if !self.is_ready(now, connection) {
            return false;
        }
        let salt = self.salts.current(now);
        let envelope = Envelope { key: &self.key, session_id: self.session_id, salt, connection };
        // Acknowledgements ride along, but not to somebody who may only be playing back.
        let acks = if active { std::mem::take(&mut self.acks) } else { Vec::new() };
        for ack in &acks {
            self.incoming.acknowledged(*ack);
        }
        let takes = Takes::new(&self.connections, connection);
        let released =
            self.outgoing.transmit(now, &envelope, |message| takes.takes(message), acks, random, out);
        for query in released {
            self.queries.set(query, Query::Released);
        }
        if kind == ConnectionKind::Http {
            self.connections.retain(|known| known.id != connection);
        }
        true
    }

    /// When [`Self::handle_timeout`] wants to be called next.
    pub fn poll_timeout(&self) -> Option<i64> {
        let acks = (!self.acks.is_empty() && main(&self.connections).is_some())
            .then_some(self.acks_since + ACK_DELAY);
        let connections = self.connections.iter().flat_map(|known| {
            let http =
                (known.kind == ConnectionKind::Http).then(|| known.wait.due(self.queued_for(known.id)));
            [known.disconnect_at, http.filter(|_| !known.woken)]
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
        let gone: Vec<ConnectionId> = self.connections.iter().map(|known| known.id).collect();
        let given_up = self.outgoing.resend(now, |_, sent| {
            !gone.contains(&sent.via)
                && (kind == ConnectionKind::Stream || sent.at + HTTP_RESEND_DELAY <= now)
        });
        self.give_up(&given_up);
    }

    fn connection(&mut self, connection: ConnectionId) -> Option<&mut Connection> {
        self.connections.iter_mut().find(|known| known.id == connection)
    }

    fn queued_for(&self, connection: ConnectionId) -> Option<(i64, i64)> {
        let takes = Takes::new(&self.connections, connection);
        self.outgoing.queued(|message| takes.takes(message))
    }

    fn acks_due(&self, now: i64) -> bool {
        self.acks.len() >= ACKS_PENDING_MAX || (!self.acks.is_empty() && self.acks_since + ACK_DELAY <= now)
    }

    fn is_ready(&self, now: i64, connection: ConnectionId) -> bool {
        let Some(known) = self.connections.iter().find(|known| known.id == connection) else { return false };
        match known.kind {
            ConnectionKind::Http => known.wait.due(self.queued_for(connection)) <= now,
            ConnectionKind::Stream => {
                let takes = Takes::new(&self.connections, connection);
                self.outgoing.has(|message| takes.takes(message)) || (takes.is_main && self.acks_due(now))
            }
        }
    }

    fn wake_ready(&mut self, now: i64) {
        for at in 0..self.connections.len() {
            let known = &self.connections[at];
            if !known.woken && self.is_ready(now, known.id) {
                self.wakes.push_back(known.id);
                self.connections[at].woken = true;
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

fn unless_misplaced(verdict: Verdict) -> Result<(), PeerMisbehaved> {
    match verdict {
        Verdict::New | Verdict::Repeat(_) => Ok(()),
        Verdict::Forgotten => Err(PeerMisbehaved::TooOld),
        Verdict::SeqNoTooLow => Err(PeerMisbehaved::SeqNoTooLow),
        Verdict::SeqNoTooHigh => Err(PeerMisbehaved::SeqNoTooHigh),
    }
}

fn check_one(message: Message<'_>, verdict: Verdict) -> Result<Checked<'_>, PeerMisbehaved> {
    unless_misplaced(verdict)?;
    let request = parse(message.body).map_err(|error| match error {
        RequestError::Malformed(error) => PeerMisbehaved::Malformed(error),
        RequestError::TooManyIds { count } => PeerMisbehaved::TooManyIds { count },
        RequestError::Nested => PeerMisbehaved::InvalidContainer(ContainerError::Nested),
    })?;
    match (request.content_related(), message.seq_no & 1 == 1) {
        (Some(true), false) => Err(PeerMisbehaved::OddSeqNoExpected),
        (Some(false), true) => Err(PeerMisbehaved::EvenSeqNoExpected),
        _ => Ok(Checked {
            msg_id: message.msg_id,
            seq_no: message.seq_no,
            repeat: matches!(verdict, Verdict::Repeat(_)),
            request,
        }),
    }
}

/// The rule of sequence numbers among the messages of one container, and against its own.
fn check_order(checked: &[Checked<'_>], container_seq_no: i32) -> Result<(), PeerMisbehaved> {
    let mut numbers: Vec<(i64, i32)> =
        checked.iter().map(|message| (message.msg_id, message.seq_no)).collect();
    numbers.sort_unstable();
    let clash = |pair: &[(i64, i32)]| {
        let (before, after) = (pair[0].1, pair[1].1);
        before > after || (before == after && after & 1 == 1)
    };
    let highest = numbers.last().map(|(_, seq_no)| *seq_no);
    if numbers.windows(2).any(clash) || highest.is_some_and(|highest| highest > container_seq_no) {
        return Err(PeerMisbehaved::SeqNoTooLow);
    }
    Ok(())
}

/// Wraps a result, packed when that makes it smaller.
fn rpc_result(query: i64, body: &[u8]) -> Vec<u8> {
    let packed = pack(body);
    let mut w = Writer::new(0);
    w.u32(RPC_RESULT);
    w.i64(query);
    match &packed {
        Some(packed) => {
            w.u32(GZIP_PACKED);
            w.bytes(packed);
        }
        None => w.raw(body),
    }
    w.into_bytes()
}

/// Packs a body of some size, unless a piece out of its middle shows that it is not worth the time:
/// photographs and the like are packed already.
fn pack(body: &[u8]) -> Option<Cow<'_, [u8]>> {
    const SAMPLE: usize = 2048;
    const LARGE: usize = 16 * 1024;
    if body.len() < GZIP_BYTES_MIN {
        return None;
    }
    if body.len() > LARGE {
        let middle = body.len() / 2;
        let sample = &body[middle..middle + SAMPLE];
        if gzip::pack(sample).len() > SAMPLE * 9 / 10 {
            return None;
        }
    }
    let packed = gzip::pack(body);
    (packed.len() + 16 < body.len()).then_some(Cow::Owned(packed))
}
