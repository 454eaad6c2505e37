//! The key exchange, both roles: raw bytes, and good messages with a few bytes changed before they are
//! sealed, so that what is behind the ciphers is reached.

use std::sync::{Arc, OnceLock};

use crypto::aes::ige_decrypt;
use crypto::aes::ige_encrypt;
use crypto::dh::{self, DhSecret};
use crypto::hash::sha1;
use crypto::kdf::{MessageKeys, exchange_keys};
use crypto::pq::factorize;
use crypto::rsa::{encode_old, encode_pad};
use crypto::{AuthKey, RandomSource, RsaPrivateKey};
use mtproto::handshake::client::{ClientConfig, ClientStep, HandshakeClient, KeyKind, Padding};
use mtproto::handshake::server::{HandshakeConfig, HandshakeId, Handshakes, Step};
use tl::service::{
    ClientDhInnerData, DhGenFail, DhGenOk, DhGenRetry, PqInnerDataDc, PqInnerDataPlain, PqInnerDataTemp,
    PqInnerDataTempDc, ReqDhParams, ReqPq, ReqPqMulti, ResPq, ServerDhInnerData, ServerDhParams,
    ServerDhParamsFail, ServerDhParamsOk, SetClientDhParams, SetClientDhParamsAnswer,
};
use tl::{Decode, Encode, Reader};

use super::numbered;
use super::packet::NOW;
use crate::input::{Input, Seeded};

const CAPACITY: usize = 3;
/// Steps of one input; each may take milliseconds.
const STEPS_MAX: usize = 12;
const NEW_NONCE: [u8; 32] = [7; 32];

fn config() -> Arc<HandshakeConfig> {
    static CONFIG: OnceLock<Arc<HandshakeConfig>> = OnceLock::new();
    let make = || {
        // A key made for tests; used nowhere else.
        let pem = include_str!("../../../crates/mtproto/src/tests/server_key.pem");
        let key = RsaPrivateKey::from_pem(pem).expect("a key");
        Arc::new(HandshakeConfig {
            keys: vec![key],
            default_dc: 2,
            test_dc: Some(false),
            temp_key_max_seconds: 86_400,
        })
    };
    Arc::clone(CONFIG.get_or_init(make))
}

/// Reading it from its file takes milliseconds: its primes are proven.
#[cfg(feature = "port")]
pub fn server_key() -> RsaPrivateKey {
    config().keys[0].clone()
}

/// A secret of the side that the fuzzer plays, and its public half.
fn our_half() -> &'static (DhSecret, [u8; 256]) {
    static HALF: OnceLock<(DhSecret, [u8; 256])> = OnceLock::new();
    HALF.get_or_init(|| DhSecret::generate(&mut Seeded(77)))
}

fn bytes_of(object: &dyn Encode) -> Vec<u8> {
    object.to_bytes(0).expect("service types have a form in every layer")
}

/// As the protocol seals inner data; the hash is that of `hashed` bytes from the front.
fn seal_hashed(keys: &MessageKeys, object: &[u8], hashed: usize) -> Vec<u8> {
    let mut data = [&sha1(&[&object[..hashed.min(object.len())]])[..], object].concat();
    data.resize(data.len().next_multiple_of(16).max(32), 0);
    ige_encrypt(&keys.key, &keys.iv, &mut data);
    data
}

/// A server that somebody plays with.
pub fn server(data: &[u8]) {
    let mut input = Input(data);
    let config = config();
    let mut random = Seeded(input.u8().into());
    let mut handshakes = Handshakes::new(Arc::clone(&config), CAPACITY);
    let mut now = NOW;
    let mut last: Option<ResPq> = None;
    let mut created: Option<HandshakeId> = None;
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        let body = match input.u8() % 10 {
            0 => input.chunk().to_vec(),
            1 => bytes_of(&ReqPq { nonce: [input.u8(); 16] }),
            2 | 3 => bytes_of(&ReqPqMulti { nonce: [input.u8(); 16] }),
            4 | 5 => match &last {
                Some(pq) => req_dh_params(&mut input, pq, &config),
                None => continue,
            },
            6 | 7 => match &last {
                Some(pq) => set_client_dh(&mut input, pq),
                None => continue,
            },
            8 => {
                let Some(id) = created.take() else { continue };
                let answer = match input.u8() % 3 {
                    0 => handshakes.accept(id),
                    1 => handshakes.refuse_collision(id),
                    _ => handshakes.fail(id),
                };
                if let Some(answer) = answer {
                    SetClientDhParamsAnswer::from_bytes(&answer).expect("one of the last answers");
                }
                continue;
            }
            _ => {
                now += i64::from(input.u16()) * 100;
                continue;
            }
        };
        let step = handshakes.handle(now, &body, &mut random);
        assert!(handshakes.len() <= CAPACITY);
        match step {
            Ok(Step::Reply(reply)) => {
                if let Ok(pq) = ResPq::from_bytes(&reply) {
                    last = Some(pq);
                } else if ServerDhParams::from_bytes(&reply).is_err() {
                    SetClientDhParamsAnswer::from_bytes(&reply).expect("one of the answers");
                }
            }
            Ok(Step::Created(id, new)) => {
                assert!(new.expires_in.is_none_or(|seconds| (1..=86_400).contains(&seconds)));
                assert!((0..10_000).contains(&new.dc) && !new.test);
                created = Some(id);
            }
            Ok(Step::Pending) | Err(_) => {}
        }
    }
}

fn req_dh_params(input: &mut Input<'_>, pq: &ResPq, config: &HandshakeConfig) -> Vec<u8> {
    let product = u64::from_be_bytes(pq.pq.as_slice().try_into().expect("eight bytes"));
    let factors = factorize(product).expect("two primes");
    let (p, q) = (factors.p.to_be_bytes().to_vec(), factors.q.to_be_bytes().to_vec());
    let plain = PqInnerDataPlain {
        pq: pq.pq.clone(),
        p: p.clone(),
        q: q.clone(),
        nonce: pq.nonce,
        server_nonce: pq.server_nonce,
        new_nonce: NEW_NONCE,
    };
    let PqInnerDataPlain { pq: n, nonce, server_nonce, new_nonce, .. } = plain.clone();
    let (dc, expires_in) = (i32::from(input.u8().cast_signed()), input.i32());
    let (ip, iq) = (p.clone(), q.clone());
    let mut inner = match input.u8() % 4 {
        0 => bytes_of(&plain),
        1 => bytes_of(&PqInnerDataDc { pq: n, p: ip, q: iq, nonce, server_nonce, new_nonce, dc }),
        2 => bytes_of(&PqInnerDataTemp { pq: n, p: ip, q: iq, nonce, server_nonce, new_nonce, expires_in }),
        _ => bytes_of(&PqInnerDataTempDc {
            pq: n,
            p: ip,
            q: iq,
            nonce,
            server_nonce,
            new_nonce,
            dc,
            expires_in,
        }),
    };
    input.spoil(&mut inner);
    inner.truncate(144);
    let key = config.keys[0].public();
    let mut random = Seeded(input.u8().into());
    let encrypted = match input.u8() % 4 {
        0 | 1 => encode_pad(key, &inner, &mut random).to_vec(),
        2 => encode_old(key, &inner, &mut random).to_vec(),
        _ => {
            let mut block = [0; 256];
            random.fill(&mut block);
            block[0] = 0;
            key.encrypt(&block).map_or(block.to_vec(), |block| block.to_vec())
        }
    };
    let mut body = bytes_of(&ReqDhParams {
        nonce,
        server_nonce,
        p,
        q,
        public_key_fingerprint: key.fingerprint(),
        encrypted_data: encrypted,
    });
    input.spoil(&mut body);
    body
}

fn set_client_dh(input: &mut Input<'_>, pq: &ResPq) -> Vec<u8> {
    let (nonce, server_nonce) = (pq.nonce, pq.server_nonce);
    let retry_id = if input.coin() { input.i64() } else { 0 };
    let g_b = our_half().1.to_vec();
    let mut inner = bytes_of(&ClientDhInnerData { nonce, server_nonce, retry_id, g_b });
    let hashed = inner.len();
    input.spoil(&mut inner);
    let keys = exchange_keys(&NEW_NONCE, &server_nonce);
    let mut encrypted_data = seal_hashed(&keys, &inner, hashed);
    input.spoil(&mut encrypted_data);
    let mut body = bytes_of(&SetClientDhParams { nonce, server_nonce, encrypted_data });
    input.spoil(&mut body);
    body
}

pub fn seeds_server() -> Vec<(String, Vec<u8>)> {
    let none = [0, 0, 0];
    let exchange = |kind: u8, padding: u8, end: u8| {
        let mut seed = vec![1, 2, 9, 4, 2, 0x80, 0x51, 1, 0, kind];
        seed.extend_from_slice(&[none[0], 3, padding, 0, 6, 0, 0, 0, 0, 8, end]);
        seed
    };
    numbered([
        exchange(0, 0, 0),
        exchange(1, 2, 1),
        exchange(2, 0, 2),
        exchange(3, 1, 0),
        vec![1, 1, 9, 0, 20, 1, 2, 3],
        vec![1, 2, 1, 2, 2, 2, 3, 2, 4, 9, 255, 255, 2, 1],
    ])
}

/// A client whose server somebody plays.
pub fn client(data: &[u8]) {
    let mut input = Input(data);
    let seed = u64::from(input.u8());
    let kind = if input.coin() { KeyKind::Temporary { expires_in: 3600 } } else { KeyKind::Permanent };
    let padding = if input.coin() { Padding::Old } else { Padding::RsaPad };
    let keys = vec![config().keys[0].public().clone()];
    let fingerprint = keys[0].fingerprint();
    // The first random bytes of a client are its two nonces.
    let mut known = Seeded(seed);
    let (mut nonce, mut new_nonce) = ([0; 16], [0; 32]);
    known.fill(&mut nonce);
    known.fill(&mut new_nonce);
    let server_nonce = [5; 16];
    let exchange = exchange_keys(&new_nonce, &server_nonce);

    let mut random = Seeded(seed);
    let (mut client, first) =
        HandshakeClient::start(ClientConfig { keys, dc: 2, kind, padding }, &mut random);
    assert_eq!(ReqPqMulti::from_bytes(&first).expect("the first query").nonce, nonce);
    let mut sent = first;
    let mut over = false;
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        let mut body = match input.u8() % 8 {
            0 => input.chunk().to_vec(),
            1 | 2 => {
                let product = if input.coin() { 0x17ed_4894_1a08_f981 } else { input.i64().cast_unsigned() };
                let pq = product.to_be_bytes().to_vec();
                let server_public_key_fingerprints = vec![1, fingerprint];
                bytes_of(&ResPq { nonce, server_nonce, pq, server_public_key_fingerprints })
            }
            3 => bytes_of(&ServerDhParamsFail { nonce, server_nonce, new_nonce_hash: input.array() }),
            4 | 5 => {
                let g = if input.coin() { input.i32() } else { dh::G };
                let (dh_prime, g_a) = (dh::prime().to_vec(), our_half().1.to_vec());
                let inner =
                    ServerDhInnerData { nonce, server_nonce, g, dh_prime, g_a, server_time: input.i32() };
                let mut inner = bytes_of(&inner);
                let hashed = inner.len();
                input.spoil(&mut inner);
                let encrypted_answer = seal_hashed(&exchange, &inner, hashed);
                bytes_of(&ServerDhParamsOk { nonce, server_nonce, encrypted_answer })
            }
            how => last_answer(&mut input, how, &sent, &exchange, &new_nonce),
        };
        input.spoil(&mut body);
        let step = client.handle(NOW, &body, &mut random);
        assert!(!over || step.is_err(), "an exchange that is over goes on");
        match step {
            Ok(ClientStep::Send(next)) => sent = next,
            Ok(ClientStep::Done(_)) | Err(_) => over = true,
        }
    }
}

/// `dh_gen_ok` and its like, right if the client sent its half.
fn last_answer(
    input: &mut Input<'_>,
    how: u8,
    sent: &[u8],
    exchange: &MessageKeys,
    new_nonce: &[u8; 32],
) -> Vec<u8> {
    let key = agreed(sent, exchange).unwrap_or_else(|| AuthKey::new(&[1; 256]));
    let (nonce, server_nonce) = SetClientDhParams::from_bytes(sent)
        .map_or(([0; 16], [0; 16]), |query| (query.nonce, query.server_nonce));
    let number = if how == 6 { 1 + input.u8() % 3 } else { 1 };
    let hash = key.new_nonce_hash(new_nonce, number);
    match number {
        1 => bytes_of(&DhGenOk { nonce, server_nonce, new_nonce_hash1: hash }),
        2 => bytes_of(&DhGenRetry { nonce, server_nonce, new_nonce_hash2: hash }),
        _ => bytes_of(&DhGenFail { nonce, server_nonce, new_nonce_hash3: hash }),
    }
}

fn agreed(sent: &[u8], exchange: &MessageKeys) -> Option<AuthKey> {
    let mut data = SetClientDhParams::from_bytes(sent).ok()?.encrypted_data;
    ige_decrypt(&exchange.key, &exchange.iv, &mut data);
    let inner = ClientDhInnerData::decode(&mut Reader::new(data.get(20..)?)).ok()?;
    our_half().0.agree(&inner.g_b).ok()
}

pub fn seeds_client() -> Vec<(String, Vec<u8>)> {
    // kind, factors, nothing spoilt; group, time, nothing spoilt inside and outside; last answer.
    let exchange = |end: &[u8]| [&[1, 0, 0, 1, 1, 0, 4, 0, 0, 0, 0x35, 0x6b, 0, 0], end].concat();
    numbered([
        exchange(&[7, 0]),
        exchange(&[6, 0, 0]),
        exchange(&[6, 1, 0, 6, 1, 0, 7, 0]),
        exchange(&[6, 2, 0]),
        vec![1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 15, 0],
        vec![1, 0, 0, 1, 1, 0, 3, 0],
        vec![1, 0, 0, 0, 9, 0x63, 0x24, 0x16, 5],
    ])
}
