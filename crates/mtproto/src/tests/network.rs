//! A client and a server joined in memory: simulated time, latency, broken connections, packets that come
//! twice or in another order. The whole way is gone: handshake, transport, packets, sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tl::service::GetFutureSalts;

use super::util::{NOW, Seeded, query, server_key};
use crate::bind::{self, Binding};
use crate::handshake::client::{ClientConfig, ClientStep, HandshakeClient, KeyKind, Padding};
use crate::handshake::server::{HandshakeConfig, Handshakes, NewAuthKey, Step};
use crate::packet::encrypted::open;
use crate::packet::{PacketKind, classify, plain};
use crate::session::client::{ClientEvent, ClientSession, RequestError, RequestId};
use crate::session::server::{Event, ServerSession};
use crate::session::{ConnectionId, ConnectionKind, MsgIds, SaltSecret, Salts};
use crate::transport::{
    ClientInbound, ClientTransport, Framing, Obfuscation, ServerTransport, TransportCode,
};
use crate::{AuthKey, Side};

const TICK: i64 = 10;

/// How bad the network is; chances are in a thousand, per packet.
#[derive(Clone, Copy, Debug)]
struct Weather {
    latency: u64,
    jitter: u64,
    breaks: u64,
    replays: u64,
}

/// Two sessions and the packets between them.
struct Pair {
    now: i64,
    random: Seeded,
    weather: Weather,
    key: AuthKey,
    client: ClientSession,
    server: ServerSession,
    connection: ConnectionId,
    /// Packets under way: when they arrive, over which connection.
    to_server: Vec<(i64, ConnectionId, Vec<u8>)>,
    to_client: Vec<(i64, ConnectionId, Vec<u8>)>,
    /// How often each query was given to the application, which takes its time to answer.
    runs: BTreeMap<Vec<u8>, usize>,
    running: Vec<(i64, i64, Vec<u8>)>,
    answers: BTreeMap<RequestId, Vec<Vec<u8>>>,
    pushes: Vec<Vec<u8>>,
    sessions: BTreeSet<i64>,
    breaks: usize,
}

impl Pair {
    fn new(seed: u64, weather: Weather, client_offset: i64) -> Self {
        let key = AuthKey::new(&[seed as u8; 256]);
        let salts = Salts::new(&SaltSecret::new([2; 32]), key.id(), 11, NOW);
        let mut pair = Self {
            now: NOW,
            random: Seeded::new(seed),
            weather,
            client: ClientSession::new(key.clone(), 5, 0, client_offset),
            server: ServerSession::new(key.clone(), 5, 6, salts, NOW),
            key,
            connection: ConnectionId(0),
            to_server: Vec::new(),
            to_client: Vec::new(),
            runs: BTreeMap::new(),
            running: Vec::new(),
            answers: BTreeMap::new(),
            pushes: Vec::new(),
            sessions: BTreeSet::new(),
            breaks: 0,
        };
        pair.connect();
        pair
    }

    fn connect(&mut self) {
        self.server.detach(self.now, self.connection);
        self.connection = ConnectionId(self.connection.0 + 1);
        self.server.attach(self.now, self.connection, ConnectionKind::Stream);
        self.client.attach();
    }

    fn chance(&mut self, in_a_thousand: u64) -> bool {
        self.random.below(1000) < in_a_thousand
    }

    fn post(&mut self, to_server: bool, packet: Vec<u8>) {
        let copies = if self.chance(self.weather.replays) { 2 } else { 1 };
        for _ in 0..copies {
            let delay = self.weather.latency + self.random.below(self.weather.jitter + 1);
            let arrives = self.now + delay as i64;
            let line = if to_server { &mut self.to_server } else { &mut self.to_client };
            line.push((arrives, self.connection, packet.clone()));
        }
        if self.chance(self.weather.breaks) {
            // Whatever is under way is lost, in both directions.
            self.breaks += 1;
            self.to_server.clear();
            self.to_client.clear();
            self.connect();
        }
    }

    fn tick(&mut self) {
        self.now += TICK;
        let mut out = Vec::new();
        while self.client.poll_transmit(self.now, &mut self.random, &mut out) {
            self.post(true, std::mem::take(&mut out));
        }
        for (_, connection, mut packet) in due(&mut self.to_server, self.now) {
            let opened = open(&self.key, Side::Client, &mut packet).unwrap();
            // Errors are part of the weather: notices are on their way.
            let _ = self.server.handle_message(self.now, connection, &opened);
        }
        while let Some(event) = self.server.poll_event() {
            match event {
                Event::Rpc { msg_id, body, .. } => {
                    *self.runs.entry(body.clone()).or_default() += 1;
                    let takes = self.random.below(300) as i64;
                    self.running.push((self.now + takes, msg_id, body));
                }
                event => panic!("{event:?}"),
            }
        }
        for (_, msg_id, body) in due(&mut self.running, self.now) {
            let answer = [&[0xaa, 0xbb, 0xcc, 0xdd][..], &body].concat();
            self.server.answer(self.now, msg_id, &answer);
        }
        self.server.handle_timeout(self.now);
        while self.server.poll_transmit(self.now, self.connection, &mut self.random, &mut out) {
            self.post(false, std::mem::take(&mut out));
        }
        for (_, _, mut packet) in due(&mut self.to_client, self.now) {
            let opened = open(&self.key, Side::Server, &mut packet).unwrap();
            let _ = self.client.handle_message(self.now, &opened);
        }
        while let Some(event) = self.client.poll_event() {
            match event {
                ClientEvent::Answer { request, body } => self.answers.entry(request).or_default().push(body),
                ClientEvent::Push { body } => self.pushes.push(body),
                ClientEvent::NewSession { unique_id } => {
                    self.sessions.insert(unique_id);
                }
                event => panic!("{event:?}"),
            }
        }
    }

    fn quiet(&self) -> bool {
        self.client.pending() == 0
            && self.running.is_empty()
            && self.to_server.is_empty()
            && self.to_client.is_empty()
    }
}

fn due<A, B>(line: &mut Vec<(i64, A, B)>, now: i64) -> Vec<(i64, A, B)> {
    let mut arrived: Vec<(i64, A, B)> = line.extract_if(.., |(at, _, _)| *at <= now).collect();
    arrived.sort_by_key(|(at, _, _)| *at);
    arrived
}

/// Nothing is lost, nothing runs twice, nothing is answered twice.
fn check(seed: u64, weather: Weather, client_offset: i64) -> usize {
    println!("seed {seed}, {weather:?}, client's clock off by {client_offset} ms");
    let mut pair = Pair::new(seed, weather, client_offset);
    // The session is made in peace: a first message that is overtaken is sent again by the protocol itself.
    let first = pair.client.request(query(0)).unwrap();
    let bad_weather =
        std::mem::replace(&mut pair.weather, Weather { latency: 20, jitter: 0, breaks: 0, replays: 0 });
    for _ in 0..2000 {
        pair.tick();
    }
    assert!(pair.answers.contains_key(&first) && pair.quiet(), "the session begins");
    pair.weather = bad_weather;

    let mut requests = vec![(first, query(0))];
    let mut pushed = Vec::new();
    for number in 1..=300 {
        let body = query(number);
        requests.push((pair.client.request(body.clone()).unwrap(), body));
        if number % 3 == 0 {
            pushed.push(query(1_000_000 + number));
            pair.server.push(pair.now, query(1_000_000 + number)).unwrap();
        }
        for _ in 0..pair.random.below(6) {
            pair.tick();
        }
    }
    pair.weather = Weather { breaks: 0, ..bad_weather };
    let mut ticks = 0;
    while !pair.quiet() || !pushed.iter().all(|body| pair.pushes.contains(body)) {
        pair.tick();
        ticks += 1;
        assert!(
            ticks < 10_000,
            "the pair does not come to rest: {} pending, {} of {} pushes",
            pair.client.pending(),
            pair.pushes.len(),
            pushed.len()
        );
    }

    for (request, body) in &requests {
        let answer = [&[0xaa, 0xbb, 0xcc, 0xdd][..], body].concat();
        assert_eq!(pair.answers.get(request), Some(&vec![answer]), "seed {seed}");
        assert_eq!(pair.runs.get(body), Some(&1), "seed {seed}: a query ran more than once");
    }
    // What the server sends by itself comes at least once: after many lost connections it goes out under a
    // new identifier, and its own numbers (`pts`) tell the client that it is the same.
    let got: BTreeSet<&Vec<u8>> = pair.pushes.iter().collect();
    assert!(
        got.iter().copied().eq(pushed.iter().collect::<BTreeSet<_>>()),
        "seed {seed}: updates are missing"
    );
    if pair.breaks == 0 {
        assert_eq!(pair.pushes.len(), pushed.len(), "seed {seed}: updates came twice");
    }
    assert_eq!(pair.sessions.len(), 1);
    pair.breaks
}

#[test]
fn fair_weather() {
    check(1, Weather { latency: 0, jitter: 0, breaks: 0, replays: 0 }, 0);
    check(2, Weather { latency: 80, jitter: 0, breaks: 0, replays: 0 }, 0);
}

#[test]
fn packets_overtake_each_other_and_come_twice() {
    for seed in 10..20 {
        check(seed, Weather { latency: 20, jitter: 400, breaks: 0, replays: 200 }, 0);
    }
}

#[test]
fn connections_break() {
    let mut breaks = 0;
    for seed in 20..40 {
        breaks += check(seed, Weather { latency: 30, jitter: 0, breaks: 20, replays: 0 }, 0);
    }
    assert!(breaks > 50, "the test does what it says");
}

#[test]
fn everything_at_once() {
    for seed in 40..60 {
        check(seed, Weather { latency: 30, jitter: 300, breaks: 15, replays: 100 }, 0);
    }
}

#[test]
fn clocks_that_are_wrong_are_set_right() {
    for offset in [-3_600_000, -290_000, 29_000, 40_000, 86_400_000] {
        check(60, Weather { latency: 50, jitter: 100, breaks: 5, replays: 50 }, offset);
    }
}

#[test]
fn salts_change_under_way() {
    let weather = Weather { latency: 20, jitter: 0, breaks: 0, replays: 0 };
    let mut pair = Pair::new(70, weather, 0);
    let mut done = 0;
    for number in 0..20 {
        let request = pair.client.request(query(number)).unwrap();
        while !pair.answers.contains_key(&request) {
            pair.tick();
        }
        done += 1;
        pair.now += 900_000;
    }
    assert_eq!((done, pair.runs.len()), (20, 20));
    pair.client.service(&GetFutureSalts { num: 3 }).unwrap();
    let mut out = Vec::new();
    pair.client.poll_transmit(pair.now, &mut pair.random, &mut out);
    let opened = open(&pair.key, Side::Client, &mut out).unwrap();
    pair.server.handle_message(pair.now, pair.connection, &opened).ok();
}

/// The whole server as a gateway would have it, for one connection.
struct Gateway {
    now: i64,
    random: Seeded,
    transport: ServerTransport,
    handshakes: Handshakes,
    plain_ids: MsgIds,
    keys: BTreeMap<i64, NewAuthKey>,
    sessions: BTreeMap<(i64, i64), ServerSession>,
    out: Vec<u8>,
}

const WIRE: ConnectionId = ConnectionId(1);

impl Gateway {
    fn new() -> Self {
        let config = HandshakeConfig {
            keys: vec![server_key()],
            default_dc: 2,
            test_dc: None,
            temp_key_max_seconds: 86_400,
        };
        Self {
            now: NOW,
            random: Seeded::new(1000),
            transport: ServerTransport::new(Arc::from([])),
            handshakes: Handshakes::new(Arc::new(config), 4),
            plain_ids: MsgIds::default(),
            keys: BTreeMap::new(),
            sessions: BTreeMap::new(),
            out: Vec::new(),
        }
    }

    /// Takes bytes from the wire and returns those for it.
    fn handle(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.transport.handle_bytes(bytes);
        while let Some(inbound) = self.transport.poll_packet().unwrap() {
            let mut payload = inbound.payload;
            match classify(&payload).unwrap() {
                PacketKind::Plain => self.plain(&payload),
                PacketKind::Encrypted { auth_key_id } => self.encrypted(auth_key_id, &mut payload),
            }
        }
        std::mem::take(&mut self.out)
    }

    fn plain(&mut self, payload: &[u8]) {
        let message = plain::open(payload).unwrap();
        let body = match self.handshakes.handle(self.now, message.body, &mut self.random).unwrap() {
            Step::Reply(body) => body,
            Step::Created(id, created) => {
                self.keys.insert(created.key.id(), created);
                self.handshakes.accept(id).unwrap()
            }
            Step::Pending => return,
        };
        let mut packet = Vec::new();
        plain::seal(self.plain_ids.next(self.now, true), &body, &mut packet);
        self.transport.encode_packet(&packet, &mut self.random, &mut self.out);
    }

    fn encrypted(&mut self, auth_key_id: i64, payload: &mut [u8]) {
        let Some(known) = self.keys.get(&auth_key_id) else {
            self.transport.encode_error(TransportCode::NotFound, &mut self.random, &mut self.out);
            return;
        };
        let opened = open(&known.key, Side::Client, payload).unwrap();
        let session = self.sessions.entry((auth_key_id, opened.session_id)).or_insert_with(|| {
            let salts = Salts::new(&SaltSecret::new([7; 32]), auth_key_id, known.salt, known.created);
            ServerSession::new(known.key.clone(), opened.session_id, opened.msg_id, salts, self.now)
        });
        session.attach(self.now, WIRE, ConnectionKind::Stream);
        session.handle_message(self.now, WIRE, &opened).unwrap();
        while let Some(event) = session.poll_event() {
            if let Event::Rpc { msg_id, body, .. } = event {
                session.answer(self.now, msg_id, &[&[1; 4][..], &body].concat());
            }
        }
        let mut packet = Vec::new();
        while session.poll_transmit(self.now, WIRE, &mut self.random, &mut packet) {
            self.transport.encode_packet(&packet, &mut self.random, &mut self.out);
            packet.clear();
        }
    }
}

/// The client's end of the same connection.
struct Device {
    random: Seeded,
    transport: ClientTransport,
    ids: MsgIds,
}

impl Device {
    fn handshake(&mut self, gateway: &mut Gateway, kind: KeyKind) -> (AuthKey, i64) {
        let keys = vec![server_key().public().clone()];
        let config = ClientConfig { keys, dc: 2, kind, padding: Padding::Old };
        let (mut client, mut body) = HandshakeClient::start(config, &mut self.random);
        loop {
            let mut packet = Vec::new();
            plain::seal(self.ids.next(NOW, true) & !3, &body, &mut packet);
            let answer = self.exchange(gateway, &packet).pop().unwrap();
            let answer = plain::open(&answer).unwrap();
            match client.handle(NOW, answer.body, &mut self.random).unwrap() {
                ClientStep::Send(next) => body = next,
                ClientStep::Done(done) => return (done.key, done.salt),
            }
        }
    }

    fn exchange(&mut self, gateway: &mut Gateway, packet: &[u8]) -> Vec<Vec<u8>> {
        let mut wire = Vec::new();
        self.transport.encode_packet(packet, false, &mut self.random, &mut wire);
        let back = gateway.handle(&wire);
        self.transport.handle_bytes(&back);
        let mut packets = Vec::new();
        while let Some(inbound) = self.transport.poll_packet().unwrap() {
            match inbound {
                ClientInbound::Packet(packet) => packets.push(packet),
                other => panic!("{other:?}"),
            }
        }
        packets
    }

    /// Asks, and returns the answers.
    fn ask(&mut self, gateway: &mut Gateway, session: &mut ClientSession, number: u32) -> Vec<ClientEvent> {
        session.request(query(number)).unwrap();
        let mut wire = Vec::new();
        assert!(session.poll_transmit(NOW, &mut self.random, &mut wire));
        for mut packet in self.exchange(gateway, &wire) {
            let opened = open(session.auth_key(), Side::Server, &mut packet).unwrap();
            session.handle_message(NOW, &opened).unwrap();
        }
        std::iter::from_fn(|| session.poll_event()).collect()
    }
}

/// Rule 7: one connection carries a key exchange, encrypted messages, another key exchange, and messages
/// of two keys in turn, with one session identifier. Rule 4: the initial salt is good for both keys' first
/// messages.
#[test]
fn rule_07_keys_and_plaintext_on_one_connection() {
    for (framing, obfuscation) in [
        (Framing::Abridged, None),
        (Framing::Intermediate, None),
        (Framing::Full, None),
        (Framing::PaddedIntermediate, Some(Obfuscation::default())),
        (Framing::Abridged, Some(Obfuscation::default())),
    ] {
        let mut random = Seeded::new(5);
        let transport = ClientTransport::new(framing, obfuscation.as_ref(), &mut random);
        let mut device = Device { random, transport, ids: MsgIds::default() };
        let mut gateway = Gateway::new();
        let (perm, salt) = device.handshake(&mut gateway, KeyKind::Permanent);
        let mut perm_session = ClientSession::new(perm.clone(), 77, salt, 0);
        let answered = |events: &[ClientEvent], number| {
            let body = [&[1; 4][..], &query(number)].concat();
            events.iter().any(|event| matches!(event, ClientEvent::Answer { body: got, .. } if *got == body))
        };
        assert!(answered(&device.ask(&mut gateway, &mut perm_session, 1), 1));

        let temporary = KeyKind::Temporary { expires_in: 86_400 };
        let (temp, salt) = device.handshake(&mut gateway, temporary);
        assert_eq!(gateway.keys[&temp.id()].expires_in, Some(86_400));
        let mut temp_session = ClientSession::new(temp.clone(), 77, salt, 0);
        assert!(answered(&device.ask(&mut gateway, &mut temp_session, 2), 2));
        assert!(answered(&device.ask(&mut gateway, &mut perm_session, 3), 3));
        assert_eq!(gateway.sessions.len(), 2);

        // What a client seals to bind the two, the server takes.
        let binding = Binding {
            temp_auth_key_id: temp.id(),
            temp_session_id: 77,
            nonce: 5,
            expires_at: (NOW / 1000) as i32 + 86_400,
        };
        let encrypted = bind::seal(&perm, &binding, 40, &mut device.random);
        assert_eq!(bind::verify(&gateway.keys[&perm.id()].key, &binding, 40, &encrypted), Ok(()));
    }
}

/// Rule 8: a key that the server does not know.
#[test]
fn rule_08_an_unknown_key_is_not_found() {
    let mut random = Seeded::new(6);
    let mut transport = ClientTransport::new(Framing::Intermediate, None, &mut random);
    let mut gateway = Gateway::new();
    let mut session = ClientSession::new(AuthKey::new(&[9; 256]), 1, 0, 0);
    session.request(query(1)).unwrap();
    let (mut packet, mut wire) = (Vec::new(), Vec::new());
    session.poll_transmit(NOW, &mut random, &mut packet);
    transport.encode_packet(&packet, false, &mut random, &mut wire);
    transport.handle_bytes(&gateway.handle(&wire));
    assert_eq!(transport.poll_packet(), Ok(Some(ClientInbound::Error(-404))));
}

/// Whatever a caller hands over: what cannot be a message is refused and not sent.
#[test]
fn queries_are_whole_words() {
    let mut session = ClientSession::new(AuthKey::new(&[9; 256]), 1, 0, 0);
    for length in [1, 2, 3, 5, 1001] {
        assert_eq!(session.request(vec![7; length]), Err(RequestError::Length { length }));
    }
    assert_eq!(session.pending(), 0);
    assert!(session.request(vec![7; 8]).is_ok());
}
