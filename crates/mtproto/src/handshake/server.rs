//! The server's side of the key exchange.
//!
//! Whatever is wrong with a query, the client is answered the same transport error and the exchange
//! is forgotten: nobody gets a second try at the same nonce, so there is nothing to learn from
//! sending changed blocks ("Four attacks and a proof for Telegram", 2022, on the key exchange).

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use crypto::dh::{self, DhError, DhSecret};
use crypto::hash::{sha1, sha256};
use crypto::kdf::exchange_keys;
use crypto::pq::{Factors, is_number};
use crypto::rsa::decode;
use crypto::{AuthKey, ConstantTimeEq, RandomSource, RsaPrivateKey, Zeroizing};
use tl::service::{
    ClientDhInnerData, DhGenFail, DhGenOk, DhGenRetry, PqInnerData, ReqDhParams, ReqPq, ReqPqMulti, ResPq,
    ServerDhInnerData, ServerDhParamsOk, SetClientDhParams,
};
use tl::{Decode, DecodeError, Reader};

use super::{Nonce, bytes_of, initial_salt, open_hashed, seal_hashed};
use crate::limits::{CLIENT_DH_BYTES_MAX, HANDSHAKE_AGE_MAX, HANDSHAKE_RETRIES_MAX};
use crate::transport::TransportCode;

/// Lengths of the inner data as the older RSA padding has it: 96 bytes and up to two words, `dc` and
/// `expires_in`. `pq` has eight bytes and its factors four each.
const INNER_LENGTHS: [usize; 3] = [96, 100, 104];

/// Added to the number of a test data centre.
const TEST_DC: i32 = 10_000;

/// What the exchanges of a server have in common.
pub struct HandshakeConfig {
    /// Offered in this order.
    pub keys: Vec<RsaPrivateKey>,
    /// The data centre of clients that name none.
    pub default_dc: i32,
    /// Whether this is a test data centre; clients that want the other kind are refused. `None` takes both.
    pub test_dc: Option<bool>,
    /// No temporary key lives longer, in seconds.
    pub temp_key_max_seconds: i32,
}

/// Names one exchange between [`Step::Created`] and its last answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HandshakeId {
    nonce: Nonce,
    server_nonce: Nonce,
}

/// What came of a query.
pub enum Step {
    /// The body of the plaintext answer.
    Reply(Vec<u8>),
    /// Both sides have a key. Store it, then answer with what [`Handshakes::accept`] returns; or
    /// [`Handshakes::refuse_collision`] when its identifier is taken; or [`Handshakes::fail`].
    Created(HandshakeId, NewAuthKey),
    /// A repeat of a query whose key is being stored: the answer will come.
    Pending,
}

/// A key that both sides have.
pub struct NewAuthKey {
    pub key: AuthKey,
    /// The salt that the client starts with. It must be taken at once.
    pub salt: i64,
    /// Unix milliseconds.
    pub created: i64,
    /// For temporary keys: seconds.
    pub expires_in: Option<i32>,
    /// The data centre that the client believes to be talking to: its bare number.
    pub dc: i32,
    pub media: bool,
    pub test: bool,
}

impl fmt::Debug for NewAuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAuthKey").field("dc", &self.dc).field("expires_in", &self.expires_in).finish()
    }
}

/// One variant per way a client can be wrong. What it is told does not depend on it, but for the wrong
/// data centre.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    #[error("not a query of the key exchange")]
    NotAQuery,
    #[error("the query does not decode: {0}")]
    Malformed(DecodeError),
    #[error("a nonce that was used before")]
    NonceReused,
    #[error("no exchange goes on under these nonces")]
    UnknownNonces,
    #[error("a query that is not the next step, nor a repeat of the last")]
    OutOfOrder,
    #[error("p and q are not the factors")]
    WrongFactors,
    #[error("no key has this fingerprint")]
    UnknownFingerprint,
    #[error("encrypted data of {length} bytes")]
    EncryptedLength { length: usize },
    #[error("encrypted data under neither padding")]
    Padding,
    #[error("inner data does not decode: {0}")]
    InnerMalformed(DecodeError),
    #[error("inner data has another nonce")]
    InnerNonce,
    #[error("inner data has other numbers")]
    InnerNumbers,
    #[error("a temporary key for {seconds} seconds")]
    ExpiresIn { seconds: i32 },
    #[error("the client wants data centre {dc}, which is of the other kind")]
    WrongDc { dc: i32 },
    #[error("the hash in front of the client's data is wrong")]
    ClientHash,
    #[error("this is not the expected attempt")]
    RetryId,
    #[error(transparent)]
    Group(DhError),
    #[error("too many attempts")]
    TooManyRetries,
}

impl HandshakeError {
    /// What the client is told.
    pub fn transport_code(&self) -> TransportCode {
        match self {
            Self::WrongDc { .. } => TransportCode::InvalidDc,
            _ => TransportCode::NotFound,
        }
    }
}

/// Exchanges that are going on. Memory is bounded by the capacity; the oldest gives way.
///
/// A connection has one of its own with a small capacity. All HTTP connections share one, because each
/// query may come on another connection.
pub struct Handshakes {
    config: Arc<HandshakeConfig>,
    capacity: usize,
    exchanges: BTreeMap<HandshakeId, Exchange>,
    /// Ages, oldest first. May name exchanges that are gone.
    order: VecDeque<(i64, HandshakeId)>,
}

struct Exchange {
    state: State,
    /// Hash of the last query and the answer to it, for repeats.
    last: Option<([u8; 32], Vec<u8>)>,
}

enum State {
    AwaitingParams(Factors),
    AwaitingClient(Box<Agreement>),
    /// The caller is storing the key.
    Storing(Box<Agreement>, AuthKey),
    /// Over, well or not: kept so that the nonces are not used again.
    Over,
}

struct Agreement {
    secret: DhSecret,
    new_nonce: Zeroizing<[u8; 32]>,
    retry_id: i64,
    retries: u8,
    expires_in: Option<i32>,
    dc: i32,
}

impl Handshakes {
    pub fn new(config: Arc<HandshakeConfig>, capacity: usize) -> Self {
        assert!(capacity > 0, "a capacity of nothing answers nobody");
        Self { config, capacity, exchanges: BTreeMap::new(), order: VecDeque::new() }
    }

    /// Takes the body of a plaintext message. The second and the third query take milliseconds.
    pub fn handle(
        &mut self,
        now: i64,
        body: &[u8],
        random: &mut dyn RandomSource,
    ) -> Result<Step, HandshakeError> {
        self.expire(now);
        let mut r = Reader::new(body);
        let malformed = HandshakeError::Malformed;
        match r.u32().map_err(malformed)? {
            ReqPq::ID | ReqPqMulti::ID => {
                let nonce = r.int128().map_err(malformed)?;
                self.req_pq(now, nonce, random)
            }
            ReqDhParams::ID => {
                let query = ReqDhParams::decode_body(&mut r).map_err(malformed)?;
                let id = HandshakeId { nonce: query.nonce, server_nonce: query.server_nonce };
                self.step(id, body, |exchange, config| {
                    exchange.req_dh_params(config, id, &query, now, random)
                })
            }
            SetClientDhParams::ID => {
                let query = SetClientDhParams::decode_body(&mut r).map_err(malformed)?;
                let id = HandshakeId { nonce: query.nonce, server_nonce: query.server_nonce };
                self.step(id, body, |exchange, _| exchange.set_client_dh_params(id, &query, now))
            }
            _ => Err(HandshakeError::NotAQuery),
        }
    }

    fn req_pq(
        &mut self,
        now: i64,
        nonce: Nonce,
        random: &mut dyn RandomSource,
    ) -> Result<Step, HandshakeError> {
        let lowest = HandshakeId { nonce, server_nonce: [0; 16] };
        let highest = HandshakeId { nonce, server_nonce: [0xff; 16] };
        if let Some((_, exchange)) = self.exchanges.range(lowest..=highest).next() {
            // A repeat because the answer was lost; or somebody who saw the nonce on the way.
            return match (&exchange.state, &exchange.last) {
                (State::AwaitingParams(_), Some((_, reply))) => Ok(Step::Reply(reply.clone())),
                _ => Err(HandshakeError::NonceReused),
            };
        }
        let mut server_nonce = [0; 16];
        random.fill(&mut server_nonce);
        let factors = Factors::generate(random);
        let reply = bytes_of(&ResPq {
            nonce,
            server_nonce,
            pq: factors.product().to_be_bytes().to_vec(),
            server_public_key_fingerprints: self
                .config
                .keys
                .iter()
                .map(|key| key.public().fingerprint())
                .collect(),
        });
        let id = HandshakeId { nonce, server_nonce };
        while self.exchanges.len() >= self.capacity {
            let Some((_, oldest)) = self.order.pop_front() else { break };
            self.exchanges.remove(&oldest);
        }
        self.order.push_back((now, id));
        let last = Some(([0; 32], reply.clone()));
        self.exchanges.insert(id, Exchange { state: State::AwaitingParams(factors), last });
        Ok(Step::Reply(reply))
    }

    /// Runs one step of an exchange, or answers a repeat. A failed exchange is over.
    fn step(
        &mut self,
        id: HandshakeId,
        body: &[u8],
        run: impl FnOnce(&mut Exchange, &HandshakeConfig) -> Result<Step, HandshakeError>,
    ) -> Result<Step, HandshakeError> {
        let exchange = self.exchanges.get_mut(&id).ok_or(HandshakeError::UnknownNonces)?;
        let hash = sha256(&[body]);
        match &exchange.last {
            Some((last, reply)) if *last == hash => {
                return Ok(match exchange.state {
                    State::Storing(..) => Step::Pending,
                    _ => Step::Reply(reply.clone()),
                });
            }
            _ => (),
        }
        let step = run(exchange, &self.config);
        exchange.last = match &step {
            Ok(Step::Reply(reply)) => Some((hash, reply.clone())),
            // The answer follows with `accept` and its like.
            Ok(_) => Some((hash, Vec::new())),
            Err(_) => None,
        };
        if step.is_err() {
            exchange.state = State::Over;
        }
        step
    }

    /// The key is stored: the body of `dh_gen_ok`. `None` when the exchange was forgotten meanwhile.
    pub fn accept(&mut self, id: HandshakeId) -> Option<Vec<u8>> {
        self.finish(id, |id, agreement, key| {
            let new_nonce_hash1 = key.new_nonce_hash(&agreement.new_nonce, 1);
            (
                bytes_of(&DhGenOk { nonce: id.nonce, server_nonce: id.server_nonce, new_nonce_hash1 }),
                State::Over,
            )
        })
    }

    /// The key's identifier is taken: the body of `dh_gen_retry`, to which the client answers with
    /// another number.
    pub fn refuse_collision(&mut self, id: HandshakeId) -> Option<Vec<u8>> {
        self.finish(id, |id, mut agreement, key| {
            let new_nonce_hash2 = key.new_nonce_hash(&agreement.new_nonce, 2);
            agreement.retry_id = i64::from_le_bytes(key.aux_hash());
            agreement.retries += 1;
            let body = DhGenRetry { nonce: id.nonce, server_nonce: id.server_nonce, new_nonce_hash2 };
            (bytes_of(&body), State::AwaitingClient(agreement))
        })
    }

    /// The key cannot be stored: the body of `dh_gen_fail`, after which the client starts again.
    pub fn fail(&mut self, id: HandshakeId) -> Option<Vec<u8>> {
        self.finish(id, |id, agreement, key| {
            let new_nonce_hash3 = key.new_nonce_hash(&agreement.new_nonce, 3);
            (
                bytes_of(&DhGenFail { nonce: id.nonce, server_nonce: id.server_nonce, new_nonce_hash3 }),
                State::Over,
            )
        })
    }

    fn finish(
        &mut self,
        id: HandshakeId,
        last: impl FnOnce(HandshakeId, Box<Agreement>, &AuthKey) -> (Vec<u8>, State),
    ) -> Option<Vec<u8>> {
        let exchange = self.exchanges.get_mut(&id)?;
        let State::Storing(agreement, key) = std::mem::replace(&mut exchange.state, State::Over) else {
            return None;
        };
        let (reply, state) = last(id, agreement, &key);
        exchange.state = state;
        if let Some((_, answer)) = &mut exchange.last {
            answer.clone_from(&reply);
        }
        Some(reply)
    }

    /// Exchanges going on or remembered.
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }

    fn expire(&mut self, now: i64) {
        while let Some((started, id)) = self.order.front() {
            if now - started < HANDSHAKE_AGE_MAX {
                break;
            }
            self.exchanges.remove(id);
            self.order.pop_front();
        }
    }
}

impl Exchange {
    fn req_dh_params(
        &mut self,
        config: &HandshakeConfig,
        id: HandshakeId,
        query: &ReqDhParams,
        now: i64,
        random: &mut dyn RandomSource,
    ) -> Result<Step, HandshakeError> {
        let State::AwaitingParams(factors) = self.state else { return Err(HandshakeError::OutOfOrder) };
        let right = |p: &[u8], q: &[u8]| is_number(p, factors.p.into()) && is_number(q, factors.q.into());
        if !right(&query.p, &query.q) {
            return Err(HandshakeError::WrongFactors);
        }
        let key = config.keys.iter().find(|key| key.public().fingerprint() == query.public_key_fingerprint);
        let key = key.ok_or(HandshakeError::UnknownFingerprint)?;
        let length = query.encrypted_data.len();
        let block = query.encrypted_data.first_chunk().filter(|_| length == 256);
        let block = block.ok_or(HandshakeError::EncryptedLength { length })?;
        let decoded = decode(key, block, &INNER_LENGTHS).ok_or(HandshakeError::Padding)?;

        let inner = PqInnerData::decode(&mut Reader::new(decoded.bytes()));
        let inner = Inner::from(inner.map_err(HandshakeError::InnerMalformed)?);
        if (inner.nonce, inner.server_nonce) != (id.nonce, id.server_nonce) {
            return Err(HandshakeError::InnerNonce);
        }
        if !is_number(&inner.pq, factors.product()) || !right(&inner.p, &inner.q) {
            return Err(HandshakeError::InnerNumbers);
        }
        let expires_in = match inner.expires_in {
            Some(seconds) if seconds <= 0 => return Err(HandshakeError::ExpiresIn { seconds }),
            expires_in => expires_in.map(|seconds| seconds.min(config.temp_key_max_seconds)),
        };
        let dc = if inner.dc == 0 { config.default_dc } else { inner.dc };
        // A client that names no data centre wants this one, whatever kind it is.
        let other_kind = config.test_dc.is_some_and(|test| test != (dc.unsigned_abs() > TEST_DC as u32));
        if inner.dc != 0 && other_kind {
            return Err(HandshakeError::WrongDc { dc });
        }

        let (secret, g_a) = DhSecret::generate(random);
        let answer = ServerDhInnerData {
            nonce: id.nonce,
            server_nonce: id.server_nonce,
            g: dh::G,
            dh_prime: dh::prime().to_vec(),
            g_a: g_a.to_vec(),
            server_time: i32::try_from(now.div_euclid(1000)).unwrap_or(i32::MAX),
        };
        let keys = exchange_keys(&inner.new_nonce, &id.server_nonce);
        let encrypted_answer = seal_hashed(&keys, &answer, random);
        let agreement =
            Agreement { secret, new_nonce: inner.new_nonce, retry_id: 0, retries: 0, expires_in, dc };
        self.state = State::AwaitingClient(Box::new(agreement));
        let ok = ServerDhParamsOk { nonce: id.nonce, server_nonce: id.server_nonce, encrypted_answer };
        Ok(Step::Reply(bytes_of(&ok)))
    }

    fn set_client_dh_params(
        &mut self,
        id: HandshakeId,
        query: &SetClientDhParams,
        now: i64,
    ) -> Result<Step, HandshakeError> {
        let State::AwaitingClient(agreement) = std::mem::replace(&mut self.state, State::Over) else {
            return Err(HandshakeError::OutOfOrder);
        };
        if agreement.retries > HANDSHAKE_RETRIES_MAX {
            return Err(HandshakeError::TooManyRetries);
        }
        let keys = exchange_keys(&agreement.new_nonce, &id.server_nonce);
        let length = query.encrypted_data.len();
        let opened = Some(&query.encrypted_data)
            .filter(|data| data.len() <= CLIENT_DH_BYTES_MAX)
            .and_then(|data| open_hashed(&keys, data));
        let (hash, data) = opened.ok_or(HandshakeError::EncryptedLength { length })?;
        // Only the object itself tells where its padding begins.
        let mut r = Reader::new(&data);
        let inner = ClientDhInnerData::decode(&mut r).map_err(HandshakeError::InnerMalformed)?;
        if !bool::from(sha1(&[&data[..r.position()]]).ct_eq(&hash)) {
            return Err(HandshakeError::ClientHash);
        }
        if (inner.nonce, inner.server_nonce) != (id.nonce, id.server_nonce) {
            return Err(HandshakeError::InnerNonce);
        }
        if inner.retry_id != agreement.retry_id {
            return Err(HandshakeError::RetryId);
        }
        let key = agreement.secret.agree(&inner.g_b).map_err(HandshakeError::Group)?;
        let created = NewAuthKey {
            key: key.clone(),
            salt: initial_salt(&agreement.new_nonce, &id.server_nonce),
            created: now,
            expires_in: agreement.expires_in,
            dc: (agreement.dc.unsigned_abs() % TEST_DC as u32) as i32,
            media: agreement.dc < 0,
            test: agreement.dc.unsigned_abs() > TEST_DC as u32,
        };
        self.state = State::Storing(agreement, key);
        Ok(Step::Created(id, created))
    }
}

/// All forms of `P_Q_inner_data` in one.
struct Inner {
    pq: Vec<u8>,
    p: Vec<u8>,
    q: Vec<u8>,
    nonce: Nonce,
    server_nonce: Nonce,
    new_nonce: Zeroizing<[u8; 32]>,
    dc: i32,
    expires_in: Option<i32>,
}

impl From<PqInnerData> for Inner {
    fn from(data: PqInnerData) -> Self {
        macro_rules! inner {
            ($data:ident, $dc:expr, $expires_in:expr) => {
                Self {
                    pq: $data.pq,
                    p: $data.p,
                    q: $data.q,
                    nonce: $data.nonce,
                    server_nonce: $data.server_nonce,
                    new_nonce: Zeroizing::new($data.new_nonce),
                    dc: $dc,
                    expires_in: $expires_in,
                }
            };
        }
        match data {
            PqInnerData::Plain(data) => inner!(data, 0, None),
            PqInnerData::Dc(data) => inner!(data, data.dc, None),
            PqInnerData::Temp(data) => inner!(data, 0, Some(data.expires_in)),
            PqInnerData::TempDc(data) => inner!(data, data.dc, Some(data.expires_in)),
        }
    }
}
