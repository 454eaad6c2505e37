//! A server's session whose client is hostile: whatever it sends was sealed with the right key.

use std::collections::{BTreeMap, BTreeSet};

use crypto::Side;
use mtproto::limits::{
    CONNECTIONS_MAX, LARGE_ANSWER_BYTES, OUTGOING_BYTES_MAX, PACKET_BYTES_MAX, RUNNING_QUERIES_MAX,
};
use mtproto::packet::encrypted::{Opened, open};
use mtproto::session::server::{DestroyAuthKeyOutcome, Event, PeerMisbehaved, ServerSession};
use mtproto::session::{ConnectionId, ConnectionKind, SaltSecret, Salts};
use tl::service::{
    DestroyAuthKey, DestroySession, GetFutureSalts, HttpWait, MSG_CONTAINER, MSG_COPY, MsgResendAnsReq,
    MsgResendReq, MsgsAck, MsgsAllInfo, MsgsStateReq, Ping, PingDelayDisconnect, Pong, RpcDropAnswer,
};
use tl::{Encode, Reader, Writer, gzip};

use super::numbered;
use super::packet::{NOW, key};
use crate::input::{Input, Seeded};

const SESSION: i64 = 0x5e55_1001;
const SALT: i64 = 0x5a17;
const LAST: i64 = 2_100_000_000_000;
/// Identifiers of both sides that messages may name.
const POOL_MAX: usize = 256;

struct Play {
    session: ServerSession,
    now: i64,
    random: Seeded,
    pool: Vec<i64>,
    seq_no: i32,
    given: BTreeSet<i64>,
    answered_large: BTreeSet<i64>,
    waiting: Vec<i64>,
    /// The last identifier that went out.
    last_out: i64,
}

pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let key = key();
    let salts = Salts::new(&SaltSecret::new([9; 32]), key.id(), SALT, NOW);
    let mut session = ServerSession::new(key, SESSION, 0x0123_4567, salts, NOW);
    session.set_strict_order(input.coin());
    session.attach(NOW, ConnectionId(0), ConnectionKind::Stream);
    let mut play = Play {
        session,
        now: NOW,
        random: Seeded(1),
        pool: Vec::new(),
        seq_no: 0,
        given: BTreeSet::new(),
        answered_large: BTreeSet::new(),
        waiting: Vec::new(),
        last_out: i64::MIN,
    };
    while !input.is_empty() && play.step(&mut input) {}
}

/// The lowest identifier of a moment.
pub fn from_time(now: i64) -> i64 {
    ((now.div_euclid(1000) << 32) | ((now.rem_euclid(1000) << 32) / 1000)) & !3
}

/// A length, mostly short.
fn length(input: &mut Input<'_>) -> usize {
    let length = usize::from(input.u8());
    if length < 240 { length * 4 } else { (length - 239) << 16 }
}

impl Play {
    /// False when the session is over.
    fn step(&mut self, input: &mut Input<'_>) -> bool {
        let connection = ConnectionId((input.u8() % 4).into());
        match input.u8() % 16 {
            0..=7 => self.send(input, connection),
            8 => {
                let scale = [1, 100, 10_000][usize::from(input.u8() % 3)];
                self.now += i64::from(input.u16()) * scale;
                // Identifiers of messages end in 2038, by specification.
                self.now = self.now.min(LAST);
                self.session.handle_timeout(self.now);
            }
            9 => {
                let id = ConnectionId((input.u8() % 40).into());
                let kind = if input.coin() { ConnectionKind::Http } else { ConnectionKind::Stream };
                self.session.attach(self.now, id, kind);
            }
            10 => self.session.detach(self.now, connection),
            11 => {
                let at = usize::from(input.u8()) % self.waiting.len().max(1);
                let msg_id = self.waiting.get(at).copied().unwrap_or(input.i64());
                let body = vec![0x55; length(input)];
                if body.len() >= LARGE_ANSWER_BYTES - 64 {
                    self.answered_large.insert(msg_id);
                }
                self.waiting.retain(|waiting| *waiting != msg_id);
                self.session.answer(self.now, msg_id, &body);
            }
            12 => {
                // Nothing is pushed any more to a session that overflowed.
                if self.session.push(self.now, vec![0x66; length(input)]).is_err() {
                    return false;
                }
            }
            13 => self.session.handle_timeout(self.now),
            _ => self.transmit(connection),
        }
        assert!(self.session.running_queries() <= RUNNING_QUERIES_MAX);
        self.events() && self.wakes()
    }

    fn id(&mut self, input: &mut Input<'_>) -> i64 {
        match input.u8() {
            // Now, and each one higher than the one before.
            how @ 0..=159 => from_time(self.now) + (self.pool.len() as i64 + i64::from(how % 8)) * 4,
            how @ 160..=219 if !self.pool.is_empty() => self.pool[usize::from(how) % self.pool.len()],
            220..=239 => from_time(self.now) + i64::from(input.i32()) * 4096,
            _ => input.i64(),
        }
    }

    fn note(&mut self, msg_id: i64) {
        if self.pool.len() < POOL_MAX {
            self.pool.push(msg_id);
        }
    }

    fn number(&mut self, input: &mut Input<'_>) -> i32 {
        match input.u8() {
            how @ 0..=199 => {
                self.seq_no = self.seq_no.wrapping_add(i32::from(how % 4));
                self.seq_no
            }
            200..=229 => self.seq_no.wrapping_sub(1),
            _ => input.i32(),
        }
    }

    fn ids(&mut self, input: &mut Input<'_>) -> Vec<i64> {
        let count = match input.u8() {
            255 => 9000,
            count => usize::from(count % 16),
        };
        let one = self.id(input);
        let mut ids: Vec<i64> = (0..count.min(16)).map(|_| self.id(input)).collect();
        ids.resize(count, one);
        ids
    }

    fn body(&mut self, input: &mut Input<'_>, depth: u8) -> Vec<u8> {
        let object: Box<dyn Encode> = match input.u8() % 24 {
            0 => return raw(input),
            1..=5 => {
                let number = [input.u8(), 0, 0, 0];
                return [&0x1234_5678_u32.to_le_bytes()[..], &number].concat();
            }
            6 | 7 => Box::new(MsgsAck { msg_ids: self.ids(input) }),
            8 => Box::new(Ping { ping_id: input.i64() }),
            9 => Box::new(PingDelayDisconnect { ping_id: 1, disconnect_delay: input.i32() }),
            10 => Box::new(MsgsStateReq { msg_ids: self.ids(input) }),
            11 => Box::new(MsgResendReq { msg_ids: self.ids(input) }),
            12 => Box::new(MsgResendAnsReq { msg_ids: self.ids(input) }),
            13 => Box::new(RpcDropAnswer { req_msg_id: self.id(input) }),
            14 => Box::new(GetFutureSalts { num: input.i32() }),
            15 => Box::new(DestroySession { session_id: if input.coin() { SESSION } else { 7 } }),
            16 => Box::new(DestroyAuthKey {}),
            17 => {
                Box::new(HttpWait { max_delay: input.i32(), wait_after: input.i32(), max_wait: input.i32() })
            }
            18 => Box::new(MsgsAllInfo { msg_ids: self.ids(input), info: input.chunk().to_vec() }),
            19 => Box::new(Pong { msg_id: input.i64(), ping_id: input.i64() }),
            20 if depth > 0 => {
                let inner = self.body(input, depth - 1);
                let mut w = Writer::new(0);
                w.u32(gzip::GZIP_PACKED);
                w.bytes(&gzip::pack(&inner));
                let mut packed = w.into_bytes();
                input.spoil(&mut packed);
                packed.resize(packed.len().next_multiple_of(4), 0);
                return packed;
            }
            21 if depth > 0 => {
                let mut w = Writer::new(0);
                w.u32(MSG_COPY);
                self.message(input, depth, &mut w);
                return w.into_bytes();
            }
            _ if depth > 0 => {
                let count = input.u8() % 12;
                let stated = if input.u8() == 255 { input.u16().into() } else { u32::from(count) };
                let mut w = Writer::new(0);
                w.u32(MSG_CONTAINER);
                w.u32(stated);
                for _ in 0..count {
                    self.message(input, depth, &mut w);
                }
                return w.into_bytes();
            }
            _ => return raw(input),
        };
        object.to_bytes(0).expect("service types have a form in every layer")
    }

    fn message(&mut self, input: &mut Input<'_>, depth: u8, w: &mut Writer) {
        let (msg_id, seq_no) = (self.id(input), self.number(input));
        let body = self.body(input, depth - 1);
        w.i64(msg_id);
        w.i32(seq_no);
        w.u32(if input.u8() == 255 { input.u16().into() } else { body.len() as u32 });
        w.raw(&body);
        self.note(msg_id);
    }

    fn send(&mut self, input: &mut Input<'_>, connection: ConnectionId) {
        let body = self.body(input, 2);
        let (msg_id, seq_no) = (self.id(input), self.number(input));
        let salt = if input.u8() < 250 { SALT } else { input.i64() };
        let session_id = if input.u8() < 254 { SESSION } else { input.i64() };
        let opened = Opened { salt, session_id, msg_id, seq_no, body: &body, quick_ack_token: 0 };
        let handled = self.session.handle_message(self.now, connection, &opened);
        self.note(msg_id);
        assert!(handled != Err(PeerMisbehaved::WrongSession) || session_id != SESSION);
    }

    /// Everything that one connection is sent.
    fn transmit(&mut self, connection: ConnectionId) {
        let key = key();
        for round in 0.. {
            assert!(round < 100_000, "a session transmits without end");
            let mut out = Vec::new();
            if !self.session.poll_transmit(self.now, connection, &mut self.random, &mut out) {
                assert!(out.is_empty());
                break;
            }
            assert!(out.len() <= 16 * PACKET_BYTES_MAX);
            let opened = open(&key, Side::Server, &mut out).expect("the client can open it");
            assert_eq!(opened.session_id, SESSION);
            assert!(opened.msg_id & 1 == 1);
            self.check_ids(opened.msg_id, opened.body);
            for (msg_id, _) in parts(opened.msg_id, opened.body) {
                self.note(msg_id);
            }
        }
    }

    fn check_ids(&mut self, outer: i64, body: &[u8]) {
        assert!(outer > self.last_out, "identifiers of packets rise");
        self.last_out = outer;
        let inside = parts(outer, body);
        let unique: BTreeMap<i64, usize> = inside.iter().copied().collect();
        assert_eq!(unique.len(), inside.len(), "an identifier stands twice in one packet");
        assert!(inside.iter().all(|(msg_id, _)| *msg_id <= outer && msg_id & 1 == 1));
    }

    /// False when the session is over.
    fn events(&mut self) -> bool {
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Rpc { msg_id, .. } => {
                    let first = self.given.insert(msg_id);
                    assert!(first || self.answered_large.remove(&msg_id), "a query is given out twice");
                    self.waiting.push(msg_id);
                }
                Event::DestroySession { msg_id, session_id } => {
                    self.session.answer_destroy_session(self.now, msg_id, session_id, msg_id % 8 == 0);
                }
                Event::DestroyAuthKey { msg_id } => {
                    let outcome = DestroyAuthKeyOutcome::Fail;
                    self.session.answer_destroy_auth_key(self.now, msg_id, outcome);
                }
                Event::Disconnect { connection } => self.session.detach(self.now, connection),
                Event::AnswerDropped { .. } => {}
                Event::Overflow => return false,
            }
        }
        true
    }

    fn wakes(&mut self) -> bool {
        let mut woken = 0;
        while self.session.poll_wake().is_some() {
            woken += 1;
            assert!(woken <= CONNECTIONS_MAX);
        }
        let _ = (self.session.poll_timeout(), self.session.is_attached());
        true
    }
}

fn raw(input: &mut Input<'_>) -> Vec<u8> {
    let mut bytes = input.chunk().to_vec();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// The messages of a packet: identifiers and lengths.
pub fn parts(outer: i64, body: &[u8]) -> Vec<(i64, usize)> {
    assert!(body.len() <= OUTGOING_BYTES_MAX + (1 << 20));
    let mut r = Reader::new(body);
    if r.peek_u32() != Ok(MSG_CONTAINER) {
        return vec![(outer, body.len())];
    }
    let mut read = || -> Result<Vec<(i64, usize)>, tl::DecodeError> {
        r.u32()?;
        let count = r.u32()?;
        let mut parts = Vec::new();
        for _ in 0..count {
            let (msg_id, _, length) = (r.i64()?, r.i32()?, r.u32()? as usize);
            r.raw(length)?;
            assert!(msg_id < outer, "a message of a container is not older than the container");
            parts.push((msg_id, length));
        }
        r.finish()?;
        Ok(parts)
    };
    read().expect("containers are whole")
}

pub fn seeds() -> Vec<(String, Vec<u8>)> {
    // connection, what, body, identifier, number, salt and session
    let ping = [0, 0, 8, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0];
    let query = [0, 0, 1, 5, 1, 1, 0, 0];
    let answer = [0, 11, 0, 10];
    let out = [0, 14];
    let container = [0, 0, 22, 2, 0, 1, 1, 9, 0, 1, 1, 2, 8, 0, 0, 1, 0, 0, 0];
    let script = |parts: &[&[u8]]| [&[0][..], &parts.concat()].concat();
    numbered([
        script(&[&ping, &out, &query, &answer, &out]),
        script(&[&query, &container, &out, &answer, &out, &[0, 8, 2, 1, 0], &ping, &out]),
        script(&[&query, &[0, 11, 0, 250], &out, &[0, 0, 12, 1, 170, 1, 1, 0, 0], &out]),
        script(&[
            &ping,
            &[1, 9, 1, 1],
            &[1, 0, 17, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0],
            &[1, 14],
        ]),
        script(&[&[0, 12, 100], &ping, &out, &[0, 10], &[0, 9, 0, 0], &ping, &out]),
        script(&[&query, &[0, 0, 13, 170, 1, 2, 0, 0], &out, &[0, 0, 6, 3, 161, 161, 162, 1, 2, 0, 0]]),
    ])
}
