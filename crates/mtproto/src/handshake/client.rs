//! The client's side of the key exchange.

use crypto::dh::{self, DhError, DhSecret};
use crypto::hash::sha1;
use crypto::kdf::exchange_keys;
use crypto::pq::factorize;
use crypto::rsa::{encode_old, encode_pad};
use crypto::{AuthKey, ConstantTimeEq, RandomSource, RsaPublicKey, Zeroizing};
use tl::service::{
    ClientDhInnerData, PqInnerData, PqInnerDataDc, PqInnerDataTempDc, ReqDhParams, ReqPqMulti, ResPq,
    ServerDhInnerData, ServerDhParams, SetClientDhParams, SetClientDhParamsAnswer,
};
use tl::{Decode, DecodeError, Reader};

use super::{Nonce, bytes_of, initial_salt, open_hashed, seal_hashed};
use crate::limits::HANDSHAKE_RETRIES_MAX;

/// Which kind of key is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    Permanent,
    /// In seconds.
    Temporary {
        expires_in: i32,
    },
}

/// How the inner data is put under RSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    RsaPad,
    Old,
}

/// What a client knows beforehand.
pub struct ClientConfig {
    pub keys: Vec<RsaPublicKey>,
    /// With 10000 added for test data centres, negative for media.
    pub dc: i32,
    pub kind: KeyKind,
    pub padding: Padding,
}

/// What came of an answer.
pub enum ClientStep {
    /// The body of the next plaintext message.
    Send(Vec<u8>),
    Done(ClientKey),
}

/// A key that both sides have.
#[derive(Debug)]
pub struct ClientKey {
    pub key: AuthKey,
    pub salt: i64,
    /// What to add to the own clock for the server's, in milliseconds.
    pub time_offset: i64,
}

/// One variant per way a server can be wrong. The exchange is over after any of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientHandshakeError {
    #[error("the answer does not decode: {0}")]
    Malformed(DecodeError),
    #[error("the answer has another nonce")]
    Nonce,
    #[error("the answer has another nonce of the server")]
    ServerNonce,
    #[error("pq has {length} bytes")]
    PqLength { length: usize },
    #[error("pq is not a product of two primes")]
    Pq,
    #[error("the server offers no known key")]
    UnknownFingerprints,
    #[error("the server refused the parameters")]
    ParamsFail,
    #[error("encrypted data of {length} bytes")]
    EncryptedLength { length: usize },
    #[error("the hash in front of the server's answer is wrong")]
    AnswerHash,
    #[error(transparent)]
    Group(DhError),
    #[error("the last answer does not belong to this key")]
    NewNonceHash,
    #[error("the server could not store the key")]
    GenFail,
    #[error("the server wants yet another attempt")]
    TooManyRetries,
    #[error("the exchange is over")]
    Over,
}

/// One exchange.
pub struct HandshakeClient {
    config: ClientConfig,
    nonce: Nonce,
    new_nonce: Zeroizing<[u8; 32]>,
    state: State,
}

enum State {
    Pq,
    Params { server_nonce: Nonce },
    Answer { server_nonce: Nonce, g_a: Vec<u8>, time_offset: i64, key: AuthKey, retries: u8 },
    Over,
}

impl HandshakeClient {
    /// Starts an exchange: the body of the first plaintext message.
    pub fn start(config: ClientConfig, random: &mut dyn RandomSource) -> (Self, Vec<u8>) {
        let mut nonce = [0; 16];
        random.fill(&mut nonce);
        let mut new_nonce = Zeroizing::new([0; 32]);
        random.fill(&mut *new_nonce);
        let body = bytes_of(&ReqPqMulti { nonce });
        (Self { config, nonce, new_nonce, state: State::Pq }, body)
    }

    /// Takes the body of the answer. `now` is the client's clock in milliseconds.
    pub fn handle(
        &mut self,
        now: i64,
        body: &[u8],
        random: &mut dyn RandomSource,
    ) -> Result<ClientStep, ClientHandshakeError> {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Pq => self.res_pq(body, random),
            State::Params { server_nonce } => self.params(now, body, server_nonce, random),
            State::Answer { server_nonce, g_a, time_offset, key, retries } => {
                self.answer(body, server_nonce, g_a, time_offset, &key, retries, random)
            }
            State::Over => Err(ClientHandshakeError::Over),
        }
    }

    fn res_pq(
        &mut self,
        body: &[u8],
        random: &mut dyn RandomSource,
    ) -> Result<ClientStep, ClientHandshakeError> {
        let answer = ResPq::from_bytes(body).map_err(ClientHandshakeError::Malformed)?;
        if answer.nonce != self.nonce {
            return Err(ClientHandshakeError::Nonce);
        }
        let length = answer.pq.len();
        let pq = answer.pq.as_slice().try_into().map_err(|_| ClientHandshakeError::PqLength { length })?;
        let offered =
            |key: &&RsaPublicKey| answer.server_public_key_fingerprints.contains(&key.fingerprint());
        let key = self.config.keys.iter().find(offered).ok_or(ClientHandshakeError::UnknownFingerprints)?;
        let factors = factorize(u64::from_be_bytes(pq)).ok_or(ClientHandshakeError::Pq)?;
        let (p, q) = (factors.p.to_be_bytes().to_vec(), factors.q.to_be_bytes().to_vec());

        let dc = PqInnerDataDc {
            pq: answer.pq,
            p: p.clone(),
            q: q.clone(),
            nonce: self.nonce,
            server_nonce: answer.server_nonce,
            new_nonce: *self.new_nonce,
            dc: self.config.dc,
        };
        let inner = match self.config.kind {
            KeyKind::Permanent => PqInnerData::Dc(dc),
            KeyKind::Temporary { expires_in } => PqInnerData::TempDc(PqInnerDataTempDc {
                pq: dc.pq,
                p: dc.p,
                q: dc.q,
                nonce: dc.nonce,
                server_nonce: dc.server_nonce,
                new_nonce: dc.new_nonce,
                dc: dc.dc,
                expires_in,
            }),
        };
        let data = Zeroizing::new(bytes_of(&inner));
        let encrypted_data = match self.config.padding {
            Padding::RsaPad => encode_pad(key, &data, random),
            Padding::Old => encode_old(key, &data, random),
        };
        let query = ReqDhParams {
            nonce: self.nonce,
            server_nonce: answer.server_nonce,
            p,
            q,
            public_key_fingerprint: key.fingerprint(),
            encrypted_data: encrypted_data.to_vec(),
        };
        self.state = State::Params { server_nonce: answer.server_nonce };
        Ok(ClientStep::Send(bytes_of(&query)))
    }

    fn params(
        &mut self,
        now: i64,
        body: &[u8],
        server_nonce: Nonce,
        random: &mut dyn RandomSource,
    ) -> Result<ClientStep, ClientHandshakeError> {
        let answer = match ServerDhParams::from_bytes(body).map_err(ClientHandshakeError::Malformed)? {
            ServerDhParams::Ok(answer) => answer,
            ServerDhParams::Fail(_) => return Err(ClientHandshakeError::ParamsFail),
        };
        self.check_nonces((answer.nonce, answer.server_nonce), server_nonce)?;
        let keys = exchange_keys(&self.new_nonce, &server_nonce);
        let length = answer.encrypted_answer.len();
        let opened = open_hashed(&keys, &answer.encrypted_answer);
        let (hash, data) = opened.ok_or(ClientHandshakeError::EncryptedLength { length })?;
        let mut r = Reader::new(&data);
        let inner = ServerDhInnerData::decode(&mut r).map_err(ClientHandshakeError::Malformed)?;
        if r.remaining() > 15 || !bool::from(sha1(&[&data[..r.position()]]).ct_eq(&hash)) {
            return Err(ClientHandshakeError::AnswerHash);
        }
        self.check_nonces((inner.nonce, inner.server_nonce), server_nonce)?;
        dh::check_group(inner.g, &inner.dh_prime).map_err(ClientHandshakeError::Group)?;
        let time_offset = i64::from(inner.server_time) * 1000 - now;
        self.attempt(server_nonce, inner.g_a, time_offset, 0, 0, random)
    }

    /// Chooses a secret number and sends its public half.
    fn attempt(
        &mut self,
        server_nonce: Nonce,
        g_a: Vec<u8>,
        time_offset: i64,
        retry_id: i64,
        retries: u8,
        random: &mut dyn RandomSource,
    ) -> Result<ClientStep, ClientHandshakeError> {
        let (secret, g_b) = DhSecret::generate(random);
        let key = secret.agree(&g_a).map_err(ClientHandshakeError::Group)?;
        let data = ClientDhInnerData { nonce: self.nonce, server_nonce, retry_id, g_b: g_b.to_vec() };
        let keys = exchange_keys(&self.new_nonce, &server_nonce);
        let encrypted_data = seal_hashed(&keys, &data, random);
        self.state = State::Answer { server_nonce, g_a, time_offset, key, retries };
        Ok(ClientStep::Send(bytes_of(&SetClientDhParams { nonce: self.nonce, server_nonce, encrypted_data })))
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of the state that is left behind")]
    fn answer(
        &mut self,
        body: &[u8],
        server_nonce: Nonce,
        g_a: Vec<u8>,
        time_offset: i64,
        key: &AuthKey,
        retries: u8,
        random: &mut dyn RandomSource,
    ) -> Result<ClientStep, ClientHandshakeError> {
        let answer = SetClientDhParamsAnswer::from_bytes(body).map_err(ClientHandshakeError::Malformed)?;
        let (nonces, hash, number) = match &answer {
            SetClientDhParamsAnswer::Ok(a) => ((a.nonce, a.server_nonce), a.new_nonce_hash1, 1),
            SetClientDhParamsAnswer::Retry(a) => ((a.nonce, a.server_nonce), a.new_nonce_hash2, 2),
            SetClientDhParamsAnswer::Fail(a) => ((a.nonce, a.server_nonce), a.new_nonce_hash3, 3),
        };
        self.check_nonces(nonces, server_nonce)?;
        if !bool::from(key.new_nonce_hash(&self.new_nonce, number).ct_eq(&hash)) {
            return Err(ClientHandshakeError::NewNonceHash);
        }
        match answer {
            SetClientDhParamsAnswer::Ok(_) => Ok(ClientStep::Done(ClientKey {
                key: key.clone(),
                salt: initial_salt(&self.new_nonce, &server_nonce),
                time_offset,
            })),
            SetClientDhParamsAnswer::Retry(_) if retries >= HANDSHAKE_RETRIES_MAX => {
                Err(ClientHandshakeError::TooManyRetries)
            }
            SetClientDhParamsAnswer::Retry(_) => {
                let retry_id = i64::from_le_bytes(key.aux_hash());
                self.attempt(server_nonce, g_a, time_offset, retry_id, retries + 1, random)
            }
            SetClientDhParamsAnswer::Fail(_) => Err(ClientHandshakeError::GenFail),
        }
    }

    fn check_nonces(&self, got: (Nonce, Nonce), server_nonce: Nonce) -> Result<(), ClientHandshakeError> {
        if got.0 != self.nonce {
            Err(ClientHandshakeError::Nonce)
        } else if got.1 != server_nonce {
            Err(ClientHandshakeError::ServerNonce)
        } else {
            Ok(())
        }
    }
}
