use crypto::{AuthKey, RandomSource, RsaPrivateKey, Side};
use tl::service::{MSG_CONTAINER, Ping, RPC_RESULT};
use tl::{Decode, Encode, Reader, Writer};

use crate::packet::encrypted::{Opened, open};
use crate::session::server::{Event, PeerMisbehaved, ServerSession};
use crate::session::{ConnectionId, ConnectionKind, MsgIds, SaltSecret, Salts};

/// SplitMix64: the same bytes for the same seed. Not for secrets.
pub(crate) struct Seeded(u64);

impl Seeded {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.fill(&mut bytes);
        bytes
    }
}

impl RandomSource for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Some day in 2027, in the middle of a salt window.
pub(crate) const NOW: i64 = 1_800_000_600_123;

/// Made for these tests with `openssl genrsa -traditional 2048`; used nowhere else.
const SERVER_KEY: &str = include_str!("server_key.pem");

pub(crate) fn server_key() -> RsaPrivateKey {
    RsaPrivateKey::from_pem(SERVER_KEY).unwrap()
}

pub(crate) fn auth_key(byte: u8) -> AuthKey {
    AuthKey::new(&std::array::from_fn(|i| (i as u8).wrapping_mul(31) ^ byte))
}

pub(crate) const SESSION: i64 = 0x5e55_1001;
pub(crate) const UNIQUE: i64 = 0x0123_4567;
pub(crate) const INITIAL_SALT: i64 = 0x5a17;
pub(crate) const CONNECTION: ConnectionId = ConnectionId(1);

pub(crate) fn salts(key: &AuthKey) -> Salts {
    Salts::new(&SaltSecret::new([9; 32]), key.id(), INITIAL_SALT, NOW)
}

/// A server session, and a client whose every byte the test decides.
pub(crate) struct Bench {
    pub(crate) now: i64,
    pub(crate) random: Seeded,
    pub(crate) key: AuthKey,
    pub(crate) server: ServerSession,
    pub(crate) salt: i64,
    pub(crate) ids: MsgIds,
}

/// A message as the server sent it: identifier, number, body.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Got {
    pub(crate) msg_id: i64,
    pub(crate) seq_no: i32,
    pub(crate) body: Vec<u8>,
}

impl Got {
    pub(crate) fn id(&self) -> u32 {
        Reader::new(&self.body).peek_u32().unwrap()
    }

    pub(crate) fn decode<T: Decode>(&self) -> T {
        T::from_bytes(&self.body).unwrap()
    }

    /// The query and the object of an `rpc_result`.
    pub(crate) fn result(&self) -> (i64, Vec<u8>) {
        let mut r = Reader::new(&self.body);
        assert_eq!(r.u32(), Ok(RPC_RESULT));
        (r.i64().unwrap(), r.rest().to_vec())
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        let key = auth_key(1);
        let mut server = ServerSession::new(key.clone(), SESSION, UNIQUE, salts(&key), NOW);
        server.attach(NOW, CONNECTION, ConnectionKind::Stream);
        Self { now: NOW, random: Seeded::new(1), key, server, salt: INITIAL_SALT, ids: MsgIds::default() }
    }

    /// A bench whose session is known to both sides.
    pub(crate) fn established() -> Self {
        let mut bench = Self::new();
        let id = bench.id();
        bench.send(id, 0, &bytes(&Ping { ping_id: 1 })).unwrap();
        bench.receive();
        bench
    }

    /// A client's message identifier of now.
    pub(crate) fn id(&mut self) -> i64 {
        self.ids.next(self.now, true) & !3
    }

    pub(crate) fn send(&mut self, msg_id: i64, seq_no: i32, body: &[u8]) -> Result<(), PeerMisbehaved> {
        self.send_over(CONNECTION, msg_id, seq_no, body)
    }

    pub(crate) fn send_over(
        &mut self,
        connection: ConnectionId,
        msg_id: i64,
        seq_no: i32,
        body: &[u8],
    ) -> Result<(), PeerMisbehaved> {
        let opened =
            Opened { salt: self.salt, session_id: SESSION, msg_id, seq_no, body, quick_ack_token: 0 };
        self.server.handle_message(self.now, connection, &opened)
    }

    /// Everything the server has for the connection, containers opened.
    pub(crate) fn receive(&mut self) -> Vec<Got> {
        self.receive_over(CONNECTION)
    }

    pub(crate) fn receive_over(&mut self, connection: ConnectionId) -> Vec<Got> {
        let mut all = Vec::new();
        while let Some((_, messages)) = self.packet(connection) {
            all.extend(messages);
        }
        all
    }

    /// One packet: the outermost identifier and the messages.
    pub(crate) fn packet(&mut self, connection: ConnectionId) -> Option<(i64, Vec<Got>)> {
        let mut out = Vec::new();
        if !self.server.poll_transmit(self.now, connection, &mut self.random, &mut out) {
            assert!(out.is_empty());
            return None;
        }
        let opened = open(&self.key, Side::Server, &mut out).unwrap();
        assert_eq!(opened.session_id, SESSION);
        Some((opened.msg_id, open_container(opened.msg_id, opened.seq_no, opened.body)))
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.server.poll_event()).collect()
    }

    pub(crate) fn wait(&mut self, millis: i64) {
        self.now += millis;
        self.server.handle_timeout(self.now);
    }
}

pub(crate) fn open_container(msg_id: i64, seq_no: i32, body: &[u8]) -> Vec<Got> {
    let mut r = Reader::new(body);
    if r.peek_u32() != Ok(MSG_CONTAINER) {
        return vec![Got { msg_id, seq_no, body: body.to_vec() }];
    }
    r.u32().unwrap();
    let count = r.u32().unwrap();
    let messages = (0..count)
        .map(|_| {
            let (msg_id, seq_no, length) = (r.i64().unwrap(), r.i32().unwrap(), r.u32().unwrap());
            Got { msg_id, seq_no, body: r.raw(length as usize).unwrap().to_vec() }
        })
        .collect();
    r.finish().unwrap();
    messages
}

/// A container of messages.
pub(crate) fn container(messages: &[(i64, i32, Vec<u8>)]) -> Vec<u8> {
    let mut w = Writer::new(0);
    w.u32(MSG_CONTAINER);
    w.u32(messages.len() as u32);
    for (msg_id, seq_no, body) in messages {
        w.i64(*msg_id);
        w.i32(*seq_no);
        w.u32(body.len() as u32);
        w.raw(body);
    }
    w.into_bytes()
}

pub(crate) fn bytes(object: &dyn Encode) -> Vec<u8> {
    object.to_bytes(0).unwrap()
}

/// A query that no service message is, told apart by a number.
pub(crate) fn query(number: u32) -> Vec<u8> {
    [0x1234_5678_u32.to_le_bytes(), number.to_le_bytes()].concat()
}
