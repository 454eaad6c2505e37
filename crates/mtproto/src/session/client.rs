//! The client's side of a session: enough for tools, load generators and tests.

use std::collections::{BTreeMap, VecDeque};

use crypto::{AuthKey, RandomSource, Side};
use tl::service::{
    BadMsgNotification, BadServerSalt, FutureSalts, GZIP_PACKED, MsgsAck, NewSessionCreated, Ping, Pong,
    RPC_RESULT,
};
use tl::{Decode, DecodeError, Encode, Reader, gzip};

use super::container::{self, ContainerError, Message, is_container, unfold};
use super::msg_id::{MsgIds, Timeliness, timeliness, to_time};
use super::outgoing::encode;
use super::salts::FutureSalt;
use crate::limits::{
    ACK_DELAY, ACKS_PENDING_MAX, BATCH_BYTES_MAX, CLIENT_REQUESTS_MAX, CONTAINER_MESSAGES_MAX, MSG_IDS_MAX,
    PACKET_BYTES_MAX,
};
use crate::packet::encrypted::{Header, Opened, seal};

/// Identifiers of the server's messages that are remembered to refuse repeats.
const SEEN_MAX: usize = 1000;
/// Containers remembered, whose refusal concerns what was in them.
const CONTAINERS_MAX: usize = 256;

/// Names a request, whatever message it travels in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// What came from the server.
#[derive(PartialEq, Eq)]
pub enum ClientEvent {
    /// The result of a request: a boxed object, `rpc_error` included.
    Answer {
        request: RequestId,
        body: Vec<u8>,
    },
    /// Something the server sent by itself.
    Push {
        body: Vec<u8>,
    },
    Pong {
        ping_id: i64,
    },
    FutureSalts {
        salts: Vec<FutureSalt>,
    },
    /// The server has no memory of the session from before: updates may be missing.
    NewSession {
        unique_id: i64,
    },
    /// A request was refused for a reason that sending it again does not cure.
    Refused {
        request: RequestId,
        code: i32,
    },
}

impl std::fmt::Debug for ClientEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Answer { request, body } => write!(f, "Answer({request:?}, {} bytes)", body.len()),
            Self::Push { body } => write!(f, "Push({} bytes)", body.len()),
            Self::Pong { ping_id } => write!(f, "Pong({ping_id})"),
            Self::FutureSalts { salts } => write!(f, "FutureSalts({})", salts.len()),
            Self::NewSession { .. } => f.write_str("NewSession"),
            Self::Refused { request, code } => write!(f, "Refused({request:?}, {code})"),
        }
    }
}

/// One variant per way in which a server's message can be wrong. Nothing of it was used.
/// Why a query is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("{length} bytes are no query: those are whole words")]
    Length { length: usize },
    #[error("too many queries wait for their answer")]
    Full,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientMisbehaved {
    #[error("the message belongs to another session")]
    WrongSession,
    #[error("the message identifier is even")]
    MsgIdParity,
    #[error("the message identifier is more than 300 seconds old")]
    MsgIdTooLow,
    #[error("the message identifier is more than 30 seconds ahead")]
    MsgIdTooHigh,
    #[error("a message with this identifier was received before")]
    Repeated,
    #[error("too old to tell whether it was received")]
    Forgotten,
    #[error("the container is wrong: {0}")]
    Container(ContainerError),
    #[error("the message does not decode: {0}")]
    Malformed(DecodeError),
    #[error("a notice about a message that was not sent")]
    UnknownMessage,
}

struct Request {
    id: RequestId,
    body: Vec<u8>,
    content: bool,
    /// Set once it was sent.
    message: Option<(i64, i32)>,
}

/// State of one session.
pub struct ClientSession {
    key: AuthKey,
    session_id: i64,
    salt: i64,
    time_offset: i64,
    ids: MsgIds,
    content_count: i32,
    next_request: u64,
    queue: VecDeque<Request>,
    /// Sent and not answered, by message identifier.
    sent: BTreeMap<i64, Request>,
    containers: BTreeMap<i64, Vec<i64>>,
    seen: BTreeMap<i64, ()>,
    seen_floor: i64,
    acks: Vec<i64>,
    acks_since: i64,
    events: VecDeque<ClientEvent>,
}

impl ClientSession {
    /// `time_offset` is what to add to the own clock for the server's, in milliseconds.
    pub fn new(key: AuthKey, session_id: i64, salt: i64, time_offset: i64) -> Self {
        Self {
            key,
            session_id,
            salt,
            time_offset,
            ids: MsgIds::default(),
            content_count: 0,
            next_request: 1,
            queue: VecDeque::new(),
            sent: BTreeMap::new(),
            containers: BTreeMap::new(),
            seen: BTreeMap::new(),
            seen_floor: i64::MIN,
            acks: Vec::new(),
            acks_since: 0,
            events: VecDeque::new(),
        }
    }

    /// Queues a query: a TL object, which is always whole words.
    pub fn request(&mut self, body: Vec<u8>) -> Result<RequestId, RequestError> {
        let length = body.len();
        if !length.is_multiple_of(4) {
            return Err(RequestError::Length { length });
        }
        self.submit(body, true).ok_or(RequestError::Full)
    }

    /// Queues a service message, which is answered by something else than a result.
    pub fn service(&mut self, object: &dyn Encode) -> Option<RequestId> {
        self.submit(encode(object), false)
    }

    pub fn ping(&mut self, ping_id: i64) -> Option<RequestId> {
        self.service(&Ping { ping_id })
    }

    fn submit(&mut self, body: Vec<u8>, content: bool) -> Option<RequestId> {
        if self.queue.len() + self.sent.len() >= CLIENT_REQUESTS_MAX {
            return None;
        }
        let id = RequestId(self.next_request);
        self.next_request += 1;
        self.queue.push_back(Request { id, body, content, message: None });
        Some(id)
    }

    /// A new connection: what was not answered is sent again, under its own identifiers inside a
    /// container, so that the server answers it and does not run it twice.
    pub fn attach(&mut self) {
        while let Some((_, request)) = self.sent.pop_last() {
            self.queue.push_front(request);
        }
    }

    /// Forgets a request. Its answer, should it come, is ignored.
    pub fn forget(&mut self, request: RequestId) {
        self.queue.retain(|waiting| waiting.id != request);
        self.sent.retain(|_, sent| sent.id != request);
    }

    /// The message that a request was last sent in.
    pub fn msg_id(&self, request: RequestId) -> Option<i64> {
        let sent = self.sent.iter().find(|(_, sent)| sent.id == request);
        sent.map(|(msg_id, _)| *msg_id).or_else(|| {
            let waiting = self.queue.iter().find(|waiting| waiting.id == request)?;
            waiting.message.map(|(msg_id, _)| msg_id)
        })
    }

    pub fn session_id(&self) -> i64 {
        self.session_id
    }

    pub fn auth_key(&self) -> &AuthKey {
        &self.key
    }

    /// Requests that were not answered yet.
    pub fn pending(&self) -> usize {
        self.queue.len() + self.sent.len()
    }

    pub fn poll_event(&mut self) -> Option<ClientEvent> {
        self.events.pop_front()
    }

    /// When there may be something to transmit although nothing happened.
    pub fn poll_timeout(&self) -> Option<i64> {
        (!self.acks.is_empty()).then_some(self.acks_since + ACK_DELAY)
    }

    /// Appends one packet to `out`; `false` when there is none now.
    pub fn poll_transmit(&mut self, now: i64, random: &mut dyn RandomSource, out: &mut Vec<u8>) -> bool {
        let acks_due =
            self.acks.len() >= ACKS_PENDING_MAX || self.poll_timeout().is_some_and(|due| due <= now);
        if self.queue.is_empty() && !acks_due {
            return false;
        }
        let server_now = now + self.time_offset;
        let mut batch: Vec<(i64, i32, Vec<u8>)> = Vec::new();
        let mut inside = Vec::new();
        let (mut bytes, mut repeats) = (0, false);
        while let Some(mut request) = self.queue.pop_front() {
            if batch.len() >= CONTAINER_MESSAGES_MAX - 1
                || (!batch.is_empty() && bytes + request.body.len() > BATCH_BYTES_MAX)
            {
                self.queue.push_front(request);
                break;
            }
            repeats |= request.message.is_some();
            let (msg_id, seq_no) = match request.message {
                Some(message) => message,
                None => (self.ids.next_client(server_now), self.number(request.content)),
            };
            request.message = Some((msg_id, seq_no));
            bytes += request.body.len();
            batch.push((msg_id, seq_no, request.body.clone()));
            inside.push(msg_id);
            self.sent.insert(msg_id, request);
        }
        if !self.acks.is_empty() {
            let msg_ids = self.acks.drain(..self.acks.len().min(MSG_IDS_MAX)).collect();
            let seq_no = self.number(false);
            batch.push((self.ids.next_client(server_now), seq_no, encode(&MsgsAck { msg_ids })));
        }

        let (msg_id, seq_no, body) = match batch.as_mut_slice() {
            [(msg_id, seq_no, body)] if !repeats => (*msg_id, *seq_no, std::mem::take(body)),
            messages => {
                let mut body = Vec::with_capacity(bytes + 24 * messages.len());
                container::begin(messages.len(), &mut body);
                for (msg_id, seq_no, message) in messages.iter() {
                    container::append(*msg_id, *seq_no, message, &mut body);
                }
                let msg_id = self.ids.next_client(server_now);
                self.containers.insert(msg_id, inside);
                if self.containers.len() > CONTAINERS_MAX {
                    self.containers.pop_first();
                }
                (msg_id, self.number(false), body)
            }
        };
        let header = Header { salt: self.salt, session_id: self.session_id, msg_id, seq_no };
        seal(&self.key, Side::Client, &header, &body, random, out);
        true
    }

    fn number(&mut self, content: bool) -> i32 {
        let number = self.content_count * 2 + i32::from(content);
        self.content_count += i32::from(content);
        number
    }

    /// Takes a decrypted message.
    ///
    /// Source: MTProto, "Security guidelines", "MTProto encrypted messages".
    pub fn handle_message(&mut self, now: i64, message: &Opened<'_>) -> Result<(), ClientMisbehaved> {
        if message.session_id != self.session_id {
            return Err(ClientMisbehaved::WrongSession);
        }
        let outer = Message { msg_id: message.msg_id, seq_no: message.seq_no, body: message.body };
        self.check_new(outer.msg_id)?;
        let messages = unfold(outer).map_err(ClientMisbehaved::Container)?;
        // A notice about wrong time is the one thing to be believed when the time is wrong.
        let notice = |message: &Message<'_>| {
            let id = Reader::new(message.body).peek_u32();
            matches!(id, Ok(BadMsgNotification::ID | BadServerSalt::ID))
        };
        if !messages.iter().any(notice) {
            match timeliness(outer.msg_id, now + self.time_offset) {
                // The first message of a session cannot be an old one: nobody knew the session before. It
                // tells the time better than the client, who may never have asked.
                Timeliness::TooLow | Timeliness::TooHigh if self.seen.is_empty() => {
                    self.set_time(now, outer.msg_id);
                }
                Timeliness::TooLow => return Err(ClientMisbehaved::MsgIdTooLow),
                Timeliness::TooHigh => return Err(ClientMisbehaved::MsgIdTooHigh),
                Timeliness::Timely => (),
            }
        }
        if messages.iter().any(|message| message.msg_id & 1 == 0) {
            return Err(ClientMisbehaved::MsgIdParity);
        }
        let contained = is_container(outer.body);
        if contained {
            self.remember(outer.msg_id);
        }
        for message in messages {
            // A container may carry again what came before: acknowledged once more, not processed.
            let repeat = contained && self.check_new(message.msg_id).is_err();
            if message.seq_no & 1 == 1 {
                self.acknowledge(now, message.msg_id);
            }
            if !repeat {
                self.remember(message.msg_id);
                self.process(now, message.msg_id, message.body)?;
            }
        }
        Ok(())
    }

    fn check_new(&self, msg_id: i64) -> Result<(), ClientMisbehaved> {
        if msg_id & 1 == 0 {
            Err(ClientMisbehaved::MsgIdParity)
        } else if self.seen.contains_key(&msg_id) {
            Err(ClientMisbehaved::Repeated)
        } else if msg_id <= self.seen_floor {
            Err(ClientMisbehaved::Forgotten)
        } else {
            Ok(())
        }
    }

    fn remember(&mut self, msg_id: i64) {
        self.seen.insert(msg_id, ());
        if self.seen.len() > SEEN_MAX
            && let Some((lowest, ())) = self.seen.pop_first()
        {
            self.seen_floor = lowest;
        }
    }

    fn acknowledge(&mut self, now: i64, msg_id: i64) {
        if self.acks.is_empty() {
            self.acks_since = now;
        }
        if !self.acks.contains(&msg_id) && self.acks.len() < MSG_IDS_MAX {
            self.acks.push(msg_id);
        }
    }

    fn process(&mut self, now: i64, msg_id: i64, body: &[u8]) -> Result<(), ClientMisbehaved> {
        let malformed = ClientMisbehaved::Malformed;
        let mut r = Reader::new(body);
        match r.u32().map_err(malformed)? {
            RPC_RESULT => {
                let query = r.i64().map_err(malformed)?;
                let body = unpacked(r.rest()).map_err(malformed)?;
                if let Some(request) = self.sent.remove(&query) {
                    self.events.push_back(ClientEvent::Answer { request: request.id, body });
                }
            }
            GZIP_PACKED => {
                let body = unpacked(body).map_err(malformed)?;
                self.events.push_back(ClientEvent::Push { body });
            }
            BadServerSalt::ID => {
                let bad = BadServerSalt::decode_body(&mut r).map_err(malformed)?;
                self.check_sent(bad.bad_msg_id)?;
                self.salt = bad.new_server_salt;
                // The notice answers something just sent, so that its own identifier tells the time.
                if timeliness(msg_id, now + self.time_offset) != Timeliness::Timely {
                    self.set_time(now, msg_id);
                }
                self.send_again(bad.bad_msg_id, None);
            }
            BadMsgNotification::ID => {
                let bad = BadMsgNotification::decode_body(&mut r).map_err(malformed)?;
                self.check_sent(bad.bad_msg_id)?;
                self.refused(now, msg_id, &bad);
            }
            NewSessionCreated::ID => {
                let created = NewSessionCreated::decode_body(&mut r).map_err(malformed)?;
                self.salt = created.server_salt;
                let lost: Vec<i64> = self.sent.range(..created.first_msg_id).map(|(id, _)| *id).collect();
                lost.iter().rev().for_each(|id| self.requeue(*id));
                self.events.push_back(ClientEvent::NewSession { unique_id: created.unique_id });
            }
            Pong::ID => {
                let pong = Pong::decode_body(&mut r).map_err(malformed)?;
                self.sent.remove(&pong.msg_id);
                self.events.push_back(ClientEvent::Pong { ping_id: pong.ping_id });
            }
            FutureSalts::ID => {
                let salts = FutureSalts::from_bytes(body).map_err(malformed)?;
                self.sent.remove(&salts.req_msg_id);
                self.events.push_back(ClientEvent::FutureSalts { salts: salts.salts });
            }
            MsgsAck::ID => (),
            _ => self.events.push_back(ClientEvent::Push { body: body.to_vec() }),
        }
        Ok(())
    }

    fn set_time(&mut self, now: i64, msg_id: i64) {
        self.time_offset = to_time(msg_id) - now;
        // Identifiers made by the wrong clock may be higher than those to come.
        self.ids = MsgIds::default();
    }

    /// A notice concerns us only when it is about something that was sent: it may be an old one that
    /// somebody plays back.
    fn check_sent(&self, msg_id: i64) -> Result<(), ClientMisbehaved> {
        if self.sent.contains_key(&msg_id) || self.containers.contains_key(&msg_id) {
            Ok(())
        } else {
            Err(ClientMisbehaved::UnknownMessage)
        }
    }

    fn refused(&mut self, now: i64, msg_id: i64, bad: &BadMsgNotification) {
        match bad.error_code {
            16 | 17 => {
                self.set_time(now, msg_id);
                self.send_again(bad.bad_msg_id, None);
            }
            20 => self.send_again(bad.bad_msg_id, None),
            code => self.send_again(bad.bad_msg_id, Some(code)),
        }
    }

    /// Queues what a refused message carried once more, under new identifiers; or gives it up.
    fn send_again(&mut self, msg_id: i64, give_up: Option<i32>) {
        let messages = self.containers.remove(&msg_id).unwrap_or_else(|| vec![msg_id]);
        for id in messages.into_iter().rev() {
            match (give_up, self.sent.get(&id).map(|request| request.id)) {
                (_, None) => (),
                (None, Some(_)) => self.requeue(id),
                (Some(code), Some(request)) => {
                    self.sent.remove(&id);
                    self.events.push_back(ClientEvent::Refused { request, code });
                }
            }
        }
    }

    fn requeue(&mut self, msg_id: i64) {
        if let Some(mut request) = self.sent.remove(&msg_id) {
            request.message = None;
            self.queue.push_front(request);
        }
    }
}

/// A result or push as it was before the server packed it.
fn unpacked(body: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut r = Reader::new(body);
    if r.peek_u32() != Ok(GZIP_PACKED) {
        return Ok(body.to_vec());
    }
    r.u32()?;
    gzip::unpack(r.bytes()?, 16 * PACKET_BYTES_MAX)
}
