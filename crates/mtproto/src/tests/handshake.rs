use std::sync::Arc;

use crypto::dh;
use crypto::hash::sha1;
use crypto::kdf::exchange_keys;
use crypto::pq::factorize;
use crypto::rsa::{encode_old, encode_pad};
use tl::service::{
    ClientDhInnerData, DhGenOk, PqInnerDataDc, PqInnerDataPlain, PqInnerDataTemp, PqInnerDataTempDc,
    ReqDhParams, ReqPq, ReqPqMulti, ResPq, ServerDhInnerData, ServerDhParamsOk, SetClientDhParams,
};
use tl::{Decode, DecodeError, Encode, Reader};

use super::util::{NOW, Seeded, bytes, server_key};
use crate::handshake::client::{
    ClientConfig, ClientHandshakeError, ClientKey, ClientStep, HandshakeClient, KeyKind, Padding,
};
use crate::handshake::server::{HandshakeConfig, HandshakeError, Handshakes, NewAuthKey, Step};
use crate::limits::{HANDSHAKE_AGE_MAX, HANDSHAKE_RETRIES_MAX};
use crate::transport::TransportCode;

fn config() -> HandshakeConfig {
    HandshakeConfig {
        keys: vec![server_key()],
        default_dc: 4,
        test_dc: Some(false),
        temp_key_max_seconds: 2 * 86_400,
    }
}

fn server() -> Handshakes {
    Handshakes::new(Arc::new(config()), 4)
}

fn client(dc: i32, kind: KeyKind, padding: Padding, random: &mut Seeded) -> (HandshakeClient, Vec<u8>) {
    let keys = vec![server_key().public().clone()];
    HandshakeClient::start(ClientConfig { keys, dc, kind, padding }, random)
}

fn reply(step: Result<Step, HandshakeError>) -> Vec<u8> {
    match step {
        Ok(Step::Reply(body)) => body,
        Ok(Step::Created(..)) => panic!("created"),
        Ok(Step::Pending) => panic!("pending"),
        Err(error) => panic!("{error}"),
    }
}

fn sent(step: Result<ClientStep, ClientHandshakeError>) -> Vec<u8> {
    match step {
        Ok(ClientStep::Send(body)) => body,
        Ok(ClientStep::Done(_)) => panic!("done"),
        Err(error) => panic!("{error}"),
    }
}

/// Runs a whole exchange; `collisions` times the server finds the key's identifier taken.
fn exchange(dc: i32, kind: KeyKind, padding: Padding, collisions: u8) -> (NewAuthKey, ClientKey) {
    let mut random = Seeded::new(50);
    let mut server = server();
    let (mut client, mut query) = client(dc, kind, padding, &mut random);
    for _ in 0..2 {
        let answer = reply(server.handle(NOW, &query, &mut random));
        query = sent(client.handle(NOW - 7000, &answer, &mut random));
    }
    let mut collided = 0;
    loop {
        let Ok(Step::Created(id, created)) = server.handle(NOW, &query, &mut random) else {
            panic!("no key")
        };
        if collided < collisions {
            collided += 1;
            let retry = server.refuse_collision(id).unwrap();
            query = sent(client.handle(NOW - 7000, &retry, &mut random));
            continue;
        }
        let answer = server.accept(id).unwrap();
        assert_eq!(server.accept(id), None);
        match client.handle(NOW - 7000, &answer, &mut random).unwrap() {
            ClientStep::Done(key) => return (created, key),
            ClientStep::Send(_) => panic!("not done"),
        }
    }
}

#[test]
fn both_sides_get_the_same_key() {
    for padding in [Padding::RsaPad, Padding::Old] {
        for (dc, kind, expected) in [
            (2, KeyKind::Permanent, (2, false, None)),
            (-3, KeyKind::Permanent, (3, true, None)),
            (0, KeyKind::Permanent, (4, false, None)),
            (2, KeyKind::Temporary { expires_in: 86_400 }, (2, false, Some(86_400))),
            (2, KeyKind::Temporary { expires_in: i32::MAX }, (2, false, Some(2 * 86_400))),
        ] {
            let (server, client) = exchange(dc, kind, padding, 0);
            assert_eq!(server.key, client.key);
            assert_eq!((server.dc, server.media, server.expires_in), expected);
            assert_eq!((server.test, server.created), (false, NOW));
            // The server tells whole seconds.
            assert!((client.time_offset - 7000).abs() < 1000);
        }
    }
}

/// Rule 4: the first salt is what both know from the exchange.
#[test]
fn rule_04_the_initial_salt_is_of_the_nonces() {
    let (server, client) = exchange(2, KeyKind::Permanent, Padding::RsaPad, 0);
    assert_eq!(server.salt, client.salt);
    let run = Run::new(52, server_config(None));
    let expected = std::array::from_fn(|i| run.new_nonce[i] ^ run.pq.server_nonce[i]);
    let mut run = run;
    let created = run.finish();
    assert_eq!(created.salt, i64::from_le_bytes(expected));
}

#[test]
fn a_taken_identifier_is_answered_with_another_attempt() {
    for collisions in [1, HANDSHAKE_RETRIES_MAX] {
        let (server, client) = exchange(2, KeyKind::Permanent, Padding::RsaPad, collisions);
        assert_eq!(server.key, client.key);
    }
}

fn server_config(test_dc: Option<bool>) -> HandshakeConfig {
    HandshakeConfig { test_dc, ..config() }
}

/// An exchange whose every byte the test decides, up to the second query.
struct Run {
    random: Seeded,
    server: Handshakes,
    nonce: [u8; 16],
    new_nonce: [u8; 32],
    pq: ResPq,
    p: Vec<u8>,
    q: Vec<u8>,
}

impl Run {
    fn new(seed: u64, config: HandshakeConfig) -> Self {
        let mut random = Seeded::new(seed);
        let mut server = Handshakes::new(Arc::new(config), 4);
        let nonce = random.bytes(16).try_into().unwrap();
        let new_nonce = random.bytes(32).try_into().unwrap();
        let answer = reply(server.handle(NOW, &bytes(&ReqPqMulti { nonce }), &mut random));
        let pq = ResPq::from_bytes(&answer).unwrap();
        let factors = factorize(u64::from_be_bytes(pq.pq.as_slice().try_into().unwrap())).unwrap();
        let (p, q) = (factors.p.to_be_bytes().to_vec(), factors.q.to_be_bytes().to_vec());
        Self { random, server, nonce, new_nonce, pq, p, q }
    }

    fn inner(&self) -> PqInnerDataPlain {
        PqInnerDataPlain {
            pq: self.pq.pq.clone(),
            p: self.p.clone(),
            q: self.q.clone(),
            nonce: self.nonce,
            server_nonce: self.pq.server_nonce,
            new_nonce: self.new_nonce,
        }
    }

    fn inner_dc(&self, dc: i32) -> PqInnerDataDc {
        let PqInnerDataPlain { pq, p, q, nonce, server_nonce, new_nonce } = self.inner();
        PqInnerDataDc { pq, p, q, nonce, server_nonce, new_nonce, dc }
    }

    fn params(&mut self, inner: &dyn Encode) -> ReqDhParams {
        let encrypted_data = encode_pad(server_key().public(), &bytes(inner), &mut self.random).to_vec();
        ReqDhParams {
            nonce: self.nonce,
            server_nonce: self.pq.server_nonce,
            p: self.p.clone(),
            q: self.q.clone(),
            public_key_fingerprint: server_key().public().fingerprint(),
            encrypted_data,
        }
    }

    fn handle(&mut self, query: &dyn Encode) -> Result<Step, HandshakeError> {
        self.server.handle(NOW, &bytes(query), &mut self.random)
    }

    /// Goes through the second query; returns what the server said in it.
    fn through_params(&mut self) -> ServerDhInnerData {
        let inner = self.inner();
        let params = self.params(&inner);
        let answer = ServerDhParamsOk::from_bytes(&reply(self.handle(&params))).unwrap();
        let keys = exchange_keys(&self.new_nonce, &self.pq.server_nonce);
        let mut data = answer.encrypted_answer;
        crypto::aes::ige_decrypt(&keys.key, &keys.iv, &mut data);
        let mut r = Reader::new(&data[20..]);
        let inner = ServerDhInnerData::decode(&mut r).unwrap();
        assert_eq!(data[..20], sha1(&[&data[20..20 + r.position()]]));
        assert!(r.remaining() < 16);
        inner
    }

    fn client_params(&mut self, inner: &ClientDhInnerData) -> SetClientDhParams {
        let keys = exchange_keys(&self.new_nonce, &self.pq.server_nonce);
        let encrypted_data = crate::handshake::seal_hashed(&keys, inner, &mut self.random);
        SetClientDhParams { nonce: self.nonce, server_nonce: self.pq.server_nonce, encrypted_data }
    }

    fn client_inner(&mut self) -> ClientDhInnerData {
        let (_, g_b) = dh::DhSecret::generate(&mut self.random);
        let (nonce, server_nonce) = (self.nonce, self.pq.server_nonce);
        ClientDhInnerData { nonce, server_nonce, retry_id: 0, g_b: g_b.to_vec() }
    }

    fn finish(&mut self) -> NewAuthKey {
        self.through_params();
        let inner = self.client_inner();
        let query = self.client_params(&inner);
        match self.handle(&query) {
            Ok(Step::Created(_, created)) => created,
            _ => panic!("no key"),
        }
    }
}

/// Rule 1: g is 3 and the prime is the one clients know.
#[test]
fn rule_01_group_and_public_value() {
    let mut run = Run::new(53, config());
    let params = run.through_params();
    assert_eq!(params.g, 3);
    assert_eq!(params.dh_prime, dh::prime());
    assert_eq!(params.dh_prime[..4], [0xc7, 0x1c, 0xae, 0xb9]);
    assert_eq!(params.dh_prime[252..], [0xb9, 0x2f, 0xcc, 0x5b]);
    assert_eq!(params.g_a.len(), 256);
    assert!(dh::check_public(&params.g_a).is_ok());
    assert_eq!(i64::from(params.server_time), NOW / 1000);
}

/// Rule 2: pq has eight bytes, its factors fit four and come in four or fewer, or with zeros.
#[test]
fn rule_02_pq_and_its_factors() {
    for seed in 60..70 {
        let mut run = Run::new(seed, config());
        assert_eq!(run.pq.pq.len(), 8);
        assert!(run.pq.pq[0] != 0 && run.pq.pq[0] < 0x80);
        assert_eq!(run.pq.server_public_key_fingerprints, [server_key().public().fingerprint()]);
        run.p.insert(0, 0);
        let inner = run.inner();
        let params = run.params(&inner);
        assert!(matches!(run.handle(&params), Ok(Step::Reply(_))));
    }
}

/// Rule 3 and all forms of the inner data: both paddings are taken for each.
#[test]
fn rule_03_every_inner_data_under_both_paddings() {
    for form in 0..4 {
        for old in [false, true] {
            let mut run = Run::new(71, config());
            let PqInnerDataDc { pq, p, q, nonce, server_nonce, new_nonce, dc } = run.inner_dc(2);
            let expires_in = 100;
            let inner: &dyn Encode = match form {
                0 => &run.inner(),
                1 => &run.inner_dc(2),
                2 => &PqInnerDataTemp { pq, p, q, nonce, server_nonce, new_nonce, expires_in },
                _ => &PqInnerDataTempDc { pq, p, q, nonce, server_nonce, new_nonce, dc, expires_in },
            };
            let mut params = run.params(inner);
            if old {
                let block = encode_old(server_key().public(), &bytes(inner), &mut run.random);
                params.encrypted_data = block.to_vec();
            }
            assert!(matches!(run.handle(&params), Ok(Step::Reply(_))), "{form} {old}");
            let inner = run.client_inner();
            let query = run.client_params(&inner);
            let Ok(Step::Created(_, created)) = run.handle(&query) else { panic!("no key") };
            assert_eq!(created.expires_in, (form >= 2).then_some(100));
            assert_eq!(created.dc, if form % 2 == 1 { 2 } else { 4 });
        }
    }
}

#[test]
fn req_pq_is_answered_like_req_pq_multi() {
    let mut random = Seeded::new(72);
    let nonce = [5; 16];
    let answer = reply(server().handle(NOW, &bytes(&ReqPq { nonce }), &mut random));
    assert_eq!(ResPq::from_bytes(&answer).unwrap().nonce, nonce);
}

fn check_params(expected: HandshakeError, change: impl FnOnce(&mut Run) -> ReqDhParams) {
    let mut run = Run::new(80, config());
    let query = change(&mut run);
    assert_eq!(run.handle(&query).err(), Some(expected.clone()));
    let code = if matches!(expected, HandshakeError::WrongDc { .. }) {
        TransportCode::InvalidDc
    } else {
        TransportCode::NotFound
    };
    assert_eq!(expected.transport_code(), code);
    // A correct query after it comes too late.
    if expected != HandshakeError::UnknownNonces {
        let inner = run.inner();
        let good = run.params(&inner);
        assert_eq!(run.handle(&good).err(), Some(HandshakeError::OutOfOrder));
    }
}

#[test]
fn second_queries_that_are_wrong() {
    use HandshakeError::*;
    check_params(UnknownNonces, |run| ReqDhParams { server_nonce: [0; 16], ..run.params(&run.inner()) });
    check_params(WrongFactors, |run| {
        let params = run.params(&run.inner());
        ReqDhParams { p: params.q.clone(), q: params.p.clone(), ..params }
    });
    check_params(UnknownFingerprint, |run| ReqDhParams {
        public_key_fingerprint: 1,
        ..run.params(&run.inner())
    });
    for length in [0, 255, 257] {
        check_params(EncryptedLength { length }, |run| ReqDhParams {
            encrypted_data: vec![1; length],
            ..run.params(&run.inner())
        });
    }
    check_params(Padding, |run| ReqDhParams { encrypted_data: vec![1; 256], ..run.params(&run.inner()) });
    check_params(
        InnerMalformed(DecodeError::UnknownConstructor { id: ReqPq::ID, expected: "PqInnerData" }),
        |run| run.params(&ReqPq { nonce: [0; 16] }),
    );
    check_params(InnerNonce, |run| run.params(&PqInnerDataPlain { nonce: [0; 16], ..run.inner() }));
    check_params(InnerNonce, |run| run.params(&PqInnerDataPlain { server_nonce: [0; 16], ..run.inner() }));
    check_params(InnerNumbers, |run| run.params(&PqInnerDataPlain { pq: vec![1; 8], ..run.inner() }));
    check_params(InnerNumbers, |run| run.params(&PqInnerDataPlain { q: vec![1; 4], ..run.inner() }));
    for seconds in [0, -1] {
        check_params(ExpiresIn { seconds }, |run| {
            let PqInnerDataPlain { pq, p, q, nonce, server_nonce, new_nonce } = run.inner();
            run.params(&PqInnerDataTemp { pq, p, q, nonce, server_nonce, new_nonce, expires_in: seconds })
        });
    }
    for dc in [10_002, -10_002] {
        check_params(WrongDc { dc }, |run| run.params(&run.inner_dc(dc)));
    }
}

#[test]
fn data_centres_of_the_other_kind() {
    for (test_dc, dc, taken) in [
        (Some(false), 2, true),
        (Some(false), 10_002, false),
        (Some(true), 2, false),
        (Some(true), 10_002, true),
        (Some(true), -10_002, true),
        (Some(true), 0, true),
        (None, 2, true),
        (None, 10_002, true),
    ] {
        let mut run = Run::new(81, server_config(test_dc));
        let inner = run.inner_dc(dc);
        let params = run.params(&inner);
        assert_eq!(run.handle(&params).is_ok(), taken, "{test_dc:?} {dc}");
    }
}

fn check_client_params(expected: HandshakeError, change: impl FnOnce(&mut Run) -> SetClientDhParams) {
    let mut run = Run::new(82, config());
    run.through_params();
    let query = change(&mut run);
    assert_eq!(run.handle(&query).err(), Some(expected));
    let inner = run.client_inner();
    let good = run.client_params(&inner);
    assert_eq!(run.handle(&good).err(), Some(HandshakeError::OutOfOrder));
}

#[test]
fn third_queries_that_are_wrong() {
    use HandshakeError::*;
    for length in [0, 16, 335, 528] {
        check_client_params(EncryptedLength { length }, |run| {
            let (nonce, server_nonce) = (run.nonce, run.pq.server_nonce);
            SetClientDhParams { nonce, server_nonce, encrypted_data: vec![0; length] }
        });
    }
    check_client_params(InnerNonce, |run| {
        let inner = ClientDhInnerData { nonce: [0; 16], ..run.client_inner() };
        run.client_params(&inner)
    });
    check_client_params(InnerNonce, |run| {
        let inner = ClientDhInnerData { server_nonce: [0; 16], ..run.client_inner() };
        run.client_params(&inner)
    });
    check_client_params(RetryId, |run| {
        let inner = ClientDhInnerData { retry_id: 1, ..run.client_inner() };
        run.client_params(&inner)
    });
    check_client_params(Group(dh::DhError::PublicTooLow), |run| {
        let inner = ClientDhInnerData { g_b: vec![1], ..run.client_inner() };
        run.client_params(&inner)
    });
    check_client_params(Group(dh::DhError::PublicTooHigh), |run| {
        let inner = ClientDhInnerData { g_b: dh::prime().to_vec(), ..run.client_inner() };
        run.client_params(&inner)
    });
    check_client_params(ClientHash, |run| {
        let inner = run.client_inner();
        let keys = exchange_keys(&run.new_nonce, &run.pq.server_nonce);
        let mut data = [&[0; 20][..], &bytes(&inner), &[0; 12]].concat();
        crypto::aes::ige_encrypt(&keys.key, &keys.iv, &mut data);
        SetClientDhParams { encrypted_data: data, ..run.client_params(&inner) }
    });
    // Under other keys than those of the nonces: what comes out is nothing.
    let mut run = Run::new(83, config());
    run.through_params();
    run.new_nonce[0] ^= 1;
    let inner = run.client_inner();
    let query = run.client_params(&inner);
    assert!(matches!(run.handle(&query).err(), Some(InnerMalformed(_))));
}

#[test]
fn queries_out_of_order() {
    let mut run = Run::new(84, config());
    let inner = run.client_inner();
    let early = run.client_params(&inner);
    assert_eq!(run.handle(&early).err(), Some(HandshakeError::OutOfOrder));

    let mut random = Seeded::new(1);
    let mut server = server();
    let mut check = |body: &[u8], expected| {
        assert_eq!(server.handle(NOW, body, &mut random).err(), Some(expected));
    };
    check(&[], HandshakeError::Malformed(DecodeError::Truncated { missing: 4 }));
    check(
        &bytes(&ReqPqMulti { nonce: [0; 16] })[..10],
        HandshakeError::Malformed(DecodeError::Truncated { missing: 10 }),
    );
    check(&[1; 40], HandshakeError::NotAQuery);
    check(&bytes(&early), HandshakeError::UnknownNonces);
}

/// Each query may be sent again and gets the same answer, bit for bit.
#[test]
fn repeats_are_answered_alike() {
    let mut run = Run::new(85, config());
    let req_pq = ReqPqMulti { nonce: run.nonce };
    let again = reply(run.handle(&req_pq));
    assert_eq!(again, bytes(&run.pq));

    let inner = run.inner();
    let params = run.params(&inner);
    let first = reply(run.handle(&params));
    assert_eq!(reply(run.handle(&params)), first);

    // The nonce has done its work now: nobody starts with it again.
    assert_eq!(run.handle(&req_pq).err(), Some(HandshakeError::NonceReused));

    let inner = run.client_inner();
    let query = run.client_params(&inner);
    let Ok(Step::Created(id, _)) = run.handle(&query) else { panic!("no key") };
    assert!(matches!(run.handle(&query), Ok(Step::Pending)));
    let last = run.server.accept(id).unwrap();
    assert!(DhGenOk::from_bytes(&last).is_ok());
    assert_eq!(reply(run.handle(&query)), last);
    assert_eq!(run.handle(&req_pq).err(), Some(HandshakeError::NonceReused));
    assert_eq!(run.handle(&params).err(), Some(HandshakeError::OutOfOrder));
}

#[test]
fn a_failed_store_ends_the_exchange() {
    let mut random = Seeded::new(86);
    let mut server = server();
    let (mut client, mut query) = client(2, KeyKind::Permanent, Padding::RsaPad, &mut random);
    for _ in 0..2 {
        let answer = reply(server.handle(NOW, &query, &mut random));
        query = sent(client.handle(NOW, &answer, &mut random));
    }
    let Ok(Step::Created(id, _)) = server.handle(NOW, &query, &mut random) else { panic!("no key") };
    let failed = server.fail(id).unwrap();
    assert_eq!(client.handle(NOW, &failed, &mut random).err(), Some(ClientHandshakeError::GenFail));
    assert_eq!(reply(server.handle(NOW, &query, &mut random)), failed);
}

#[test]
fn too_many_collisions_end_the_exchange() {
    let mut run = Run::new(87, config());
    run.through_params();
    let mut retry_id = 0;
    for _ in 0..=HANDSHAKE_RETRIES_MAX {
        let inner = ClientDhInnerData { retry_id, ..run.client_inner() };
        let query = run.client_params(&inner);
        let Ok(Step::Created(id, created)) = run.handle(&query) else { panic!("no key") };
        retry_id = i64::from_le_bytes(created.key.aux_hash());
        run.server.refuse_collision(id).unwrap();
    }
    let inner = ClientDhInnerData { retry_id, ..run.client_inner() };
    let query = run.client_params(&inner);
    assert_eq!(run.handle(&query).err(), Some(HandshakeError::TooManyRetries));
}

#[test]
fn memory_is_bounded_in_number_and_time() {
    let mut random = Seeded::new(88);
    let mut server = server();
    for i in 0..100_u8 {
        reply(server.handle(NOW, &bytes(&ReqPqMulti { nonce: [i; 16] }), &mut random));
        assert!(server.len() <= 4);
    }
    let mut run = Run::new(89, config());
    let inner = run.inner();
    let params = bytes(&run.params(&inner));
    let late = NOW + HANDSHAKE_AGE_MAX;
    assert_eq!(run.server.handle(late, &params, &mut random).err(), Some(HandshakeError::UnknownNonces));
    assert!(run.server.is_empty());
}

/// What the client refuses, one field at a time.
#[test]
fn answers_that_are_wrong() {
    use ClientHandshakeError as E;
    let start = |seed| {
        let mut random = Seeded::new(seed);
        let mut server = server();
        let (client, query) = client(2, KeyKind::Permanent, Padding::RsaPad, &mut random);
        let pq = ResPq::from_bytes(&reply(server.handle(NOW, &query, &mut random))).unwrap();
        (random, server, client, pq)
    };
    let check_pq = |change: &dyn Fn(ResPq) -> ResPq, expected| {
        let (mut random, _, mut client, pq) = start(90);
        assert_eq!(client.handle(NOW, &bytes(&change(pq)), &mut random).err(), Some(expected));
        assert_eq!(client.handle(NOW, &[], &mut random).err(), Some(E::Over));
    };
    check_pq(&|pq| ResPq { nonce: [0; 16], ..pq }, E::Nonce);
    check_pq(&|pq| ResPq { pq: vec![1; 7], ..pq }, E::PqLength { length: 7 });
    check_pq(&|pq| ResPq { pq: vec![0, 0, 0, 0, 0, 0, 0, 7], ..pq }, E::Pq);
    check_pq(&|pq| ResPq { server_public_key_fingerprints: vec![1, 2], ..pq }, E::UnknownFingerprints);

    let check_params = |change: &dyn Fn(ServerDhParamsOk) -> ServerDhParamsOk, expected| {
        let (mut random, mut server, mut client, pq) = start(91);
        let query = sent(client.handle(NOW, &bytes(&pq), &mut random));
        let ok = ServerDhParamsOk::from_bytes(&reply(server.handle(NOW, &query, &mut random))).unwrap();
        let error = client.handle(NOW, &bytes(&change(ok)), &mut random).err().unwrap();
        assert!(std::mem::discriminant(&error) == std::mem::discriminant(&expected), "{error:?}");
    };
    check_params(&|ok| ServerDhParamsOk { nonce: [0; 16], ..ok }, E::Nonce);
    check_params(&|ok| ServerDhParamsOk { server_nonce: [0; 16], ..ok }, E::ServerNonce);
    check_params(
        &|ok| ServerDhParamsOk { encrypted_answer: vec![0; 20], ..ok },
        E::EncryptedLength { length: 20 },
    );
    let flip = |mut ok: ServerDhParamsOk, at: usize| {
        ok.encrypted_answer[at] ^= 1;
        ok
    };
    // In the first block the hash is damaged, and with it everything after: IGE spreads changes.
    check_params(&|ok| flip(ok, 0), E::Malformed(DecodeError::TooDeep));
    check_params(&|ok| flip(ok, 590), E::AnswerHash);
}
