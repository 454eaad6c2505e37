//! The public port over an in-memory stream: what tells protocols apart, HTTP, WebSocket, every transport,
//! and sessions behind them. Time passes by itself when both ends wait, so that every deadline comes.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use domain::testing::SeededRandom;
use domain::{BoxFuture, Clock, Error, SharedClock, SharedRandom, Time};
use gateway::{Limits, Parts, Registry, Unbound};
use mtproto::handshake::server::HandshakeConfig;
use mtproto::packet::encrypted::{Header, seal};
use mtproto::transport::{ClientTransport, Framing, Obfuscation, ProxySecret};
use rpc::boundary::{Caller, Handler, KeyKind, KeyRecord, Keys, Reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::time::Instant;

use super::handshake::server_key;
use super::numbered;
use super::packet::{NOW, key};
use super::session_server::from_time;
use crate::input::{Input, Seeded};

const SALT: i64 = 0x5a17;

struct Passing(Instant);

impl Clock for Passing {
    fn now(&self) -> Time {
        Time(NOW + self.0.elapsed().as_millis() as i64)
    }
}

/// Answers every query with itself.
struct Echo;

impl Handler for Echo {
    fn call(&self, _caller: Caller, _msg_id: i64, body: Vec<u8>) -> BoxFuture<Reply> {
        Box::pin(async move { Reply::new(body) })
    }

    fn after_msg_ids(&self, body: &[u8]) -> Vec<i64> {
        rpc::envelope::open(body).map(|envelope| envelope.after).unwrap_or_default()
    }
}

/// One key.
struct OneKey;

impl Keys for OneKey {
    fn load(&self, id: i64) -> BoxFuture<Result<Option<KeyRecord>, Error>> {
        let key = key();
        let record = KeyRecord {
            id: key.id(),
            key: Box::new(*key.bytes()),
            kind: KeyKind::Permanent,
            dc: 2,
            initial_salt: SALT,
            created_at: Time(NOW),
            has_user: false,
        };
        Box::pin(async move { Ok(Some(record).filter(|record| record.id == id)) })
    }

    fn create(&self, _key: KeyRecord) -> BoxFuture<Result<bool, Error>> {
        Box::pin(async { Ok(true) })
    }

    fn destroy(&self, _id: i64) -> BoxFuture<Result<bool, Error>> {
        Box::pin(async { Ok(true) })
    }
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime")
    })
}

pub fn warm() {
    for first in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xef, 2, 0, 0, 0, 0, 0, 0, 0, 0], &[0xee; 80]] {
        talk(first, 1);
    }
}

fn gateway() -> (Unbound, watch::Sender<bool>) {
    let clock: SharedClock = Arc::new(Passing(Instant::now()));
    let random: SharedRandom = Arc::new(SeededRandom::new(3));
    let limits = Limits::default();
    let registry = Arc::new(Registry::new(&limits, [9; 32], Arc::clone(&clock), Arc::clone(&random)));
    let (stop, stopped) = watch::channel(false);
    let parts = Parts {
        limits,
        handshake: HandshakeConfig {
            keys: vec![server_key()],
            default_dc: 2,
            test_dc: None,
            temp_key_max_seconds: 86_400,
        },
        secrets: vec![ProxySecret::new([0x42; 16])],
        tls: None,
        registry,
        handler: Arc::new(Echo),
        keys: Arc::new(OneKey),
        pages: None,
        clock,
        random,
    };
    (Unbound::new(parts, stopped), stop)
}

/// Sends the bytes in pieces, hangs up, and reads what comes. The connection must end.
fn talk(bytes: &[u8], pieces: u8) -> Vec<u8> {
    runtime().block_on(async {
        let (gateway, _stop) = gateway();
        let (ours, theirs) = duplex(64 << 10);
        let (mut read, mut write) = tokio::io::split(ours);
        let speak = async {
            let length = (bytes.len() / usize::from(pieces.clamp(1, 16))).max(1);
            for piece in bytes.chunks(length) {
                // Whoever was hung up on cannot go on.
                if write.write_all(piece).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            // Long enough for every deadline but the last.
            tokio::time::sleep(Duration::from_secs(2)).await;
            let _ = write.shutdown().await;
        };
        let listen = async {
            let mut heard = Vec::new();
            let _ = read.read_to_end(&mut heard).await;
            heard
        };
        let serve = gateway.connection(theirs, IpAddr::V4(Ipv4Addr::LOCALHOST));
        let all = async { tokio::join!(serve, speak, listen) };
        let ((), (), heard) = tokio::time::timeout(Duration::from_secs(3600), all)
            .await
            .expect("a connection whose client left ends");
        heard
    })
}

/// Anything at all, or sealed messages with anything in them, over any transport.
pub fn raw(data: &[u8]) {
    let mut input = Input(data);
    let (how, pieces) = (input.u8(), input.u8());
    if how & 1 == 0 {
        talk(input.rest(), pieces);
        return;
    }
    let framing = input.pick(&[Framing::Abridged, Framing::Intermediate, Framing::PaddedIntermediate]);
    let secret = (how & 4 == 4).then(|| ProxySecret::new([0x42; 16]));
    let obfuscation = (how & 2 == 2).then_some(Obfuscation { secret, dc: 2 });
    let mut random = Seeded(5);
    let mut client = ClientTransport::new(framing, obfuscation.as_ref(), &mut random);
    let mut wire = Vec::new();
    let mut number = 0;
    while !input.is_empty() {
        number += 1;
        let what = input.u8();
        let mut body = input.chunk().to_vec();
        body.resize(body.len().next_multiple_of(4), 0);
        if what & 1 == 1 {
            body.resize(body.len().max(8), 0);
            client.encode_packet(&body, what & 2 == 2, &mut random, &mut wire);
            continue;
        }
        let msg_id = if what & 4 == 4 { input.i64() } else { from_time(NOW) + number * 4 };
        let seq_no = if what & 8 == 8 { input.i32() } else { number as i32 * 2 + 1 };
        let header = Header { salt: SALT, session_id: i64::from(what >> 6), msg_id, seq_no };
        let mut packet = Vec::new();
        seal(&key(), mtproto::Side::Client, &header, &body, &mut random, &mut packet);
        client.encode_packet(&packet, what & 2 == 2, &mut random, &mut wire);
    }
    talk(&wire, pieces);
}

pub fn seeds_raw() -> Vec<(String, Vec<u8>)> {
    let mut seeds: Vec<Vec<u8>> = super::transport::seeds_server()
        .into_iter()
        .map(|(_, stream)| [&[0], &stream[..]].concat())
        .collect();
    // A ping, a query, a plaintext packet, over each transport.
    for how in [1, 3, 7] {
        for framing in 0..3 {
            let mut seed = vec![how, 2, framing, 0, 12, 0xec, 0x77, 0xbe, 0x7a, 1, 0, 0, 0, 0, 0, 0, 0];
            seed.extend_from_slice(&[2, 8, 0x78, 0x56, 0x34, 0x12, 1, 0, 0, 0]);
            seed.extend_from_slice(&[1, 40, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0]);
            seed.extend_from_slice(&[0xf1, 0x8e, 0x7e, 0xbe]);
            seed.extend_from_slice(&[9; 16]);
            seeds.push(seed);
        }
    }
    numbered(seeds)
}

/// Requests of HTTP: any bytes, or a body of any bytes with a good head.
pub fn http(data: &[u8]) {
    let mut input = Input(data);
    let (how, pieces) = (input.u8(), input.u8());
    let bytes = match how % 4 {
        0 => [b"POST /", input.rest()].concat(),
        1 => [b"GET /api", input.rest()].concat(),
        2 => {
            let body = input.rest();
            let head = format!("POST /apiw1 HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
            [head.as_bytes(), body].concat()
        }
        _ => {
            let mut bytes = b"POST /api HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
            while !input.is_empty() {
                let chunk = input.chunk();
                bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                bytes.extend_from_slice(chunk);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes
        }
    };
    let heard = talk(&bytes, pieces);
    assert!(heard.is_empty() || heard.starts_with(b"HTTP/1."), "{}", String::from_utf8_lossy(&heard));
}

pub fn seeds_http() -> Vec<(String, Vec<u8>)> {
    let req_pq =
        [&[0; 8][..], &[4, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 0xf1, 0x8e, 0x7e, 0xbe], &[9; 16]].concat();
    numbered([
        b"\0\x01api HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcPOST /apiw1 HTTP/1.1\r\nContent-Length: 0\r\n\r\n".to_vec(),
        b"\x01\x02w HTTP/1.0\r\nExpect: 100-continue\r\nConnection: keep-alive\r\n\r\n".to_vec(),
        b"\x01\x05ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAA\r\n\r\n".to_vec(),
        [&[2, 1][..], &req_pq].concat(),
        [&[3, 3, 40][..], &req_pq].concat(),
    ])
}

/// A WebSocket after its upgrade: any bytes, or good frames of any kind around any bytes.
pub fn websocket(data: &[u8]) {
    let mut input = Input(data);
    let (how, pieces) = (input.u8(), input.u8());
    let mut bytes = b"GET /apiws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: binary\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        .to_vec();
    if how & 1 == 0 {
        bytes.extend_from_slice(input.rest());
    }
    while !input.is_empty() {
        let first = input.u8();
        let payload = input.chunk();
        // Mostly whole binary frames; the mask is nothing.
        bytes.push(if first < 128 { 0x82 } else { first });
        if payload.len() < 126 {
            bytes.push(0x80 | payload.len() as u8);
        } else {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        }
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(payload);
    }
    let heard = talk(&bytes, pieces);
    assert!(heard.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&heard));
}

pub fn seeds_websocket() -> Vec<(String, Vec<u8>)> {
    let frames = |packets: &[&[u8]]| {
        let mut seed = vec![1, 2];
        for packet in packets {
            seed.extend_from_slice(&[0, packet.len() as u8]);
            seed.extend_from_slice(packet);
        }
        seed
    };
    let mut seeds: Vec<Vec<u8>> = super::transport::seeds_server()
        .iter()
        .map(|(_, stream)| frames(&stream[1..].chunks(200).collect::<Vec<_>>()))
        .collect();
    seeds.push(vec![1, 1, 0x89, 2, 1, 2, 0x8a, 0, 0x81, 1, b'a', 0x88, 0]);
    seeds.push(vec![1, 1, 0x02, 1, 0xef, 0x80, 1, 2, 0x88, 2, 3, 232]);
    seeds.push(vec![0, 1, 0x82, 0xff, 0, 0, 0, 0, 0, 0x20, 0, 0, 1, 2, 3, 4]);
    numbered(seeds)
}

/// The wrappers around queries.
pub fn envelope(data: &[u8]) {
    if let Ok(envelope) = rpc::envelope::open(data) {
        assert!(envelope.after.len() <= 64);
    }
}

pub fn seeds_envelope() -> Vec<(String, Vec<u8>)> {
    let layer = [0x0d, 0x0d, 0x9b, 0xda, 0xc8, 0, 0, 0];
    let mut init = vec![0xa9, 0x5e, 0xcd, 0xc1, 3, 0, 0, 0, 1, 0, 0, 0];
    for _ in 0..6 {
        init.extend_from_slice(b"\x03abc");
    }
    init.extend_from_slice(&[0x3f, 0x8b, 0x58, 0x75, 1, b'a', 0, 0, 80, 0, 0, 0]);
    init.extend_from_slice(&[0xc3, 0x3e, 0xc1, 0x99, 0x15, 0xc4, 0xb5, 0x1c, 0, 0, 0, 0]);
    let after = [0x2d, 0x37, 0x9f, 0xcb, 1, 2, 3, 4, 5, 6, 7, 8];
    let query = [0x6b, 0x18, 0xf9, 0xc4];
    let mut packed = vec![0xa1, 0xcf, 0x72, 0x30];
    let gzip = tl::gzip::pack(&[&layer[..], &query].concat());
    packed.push(gzip.len() as u8);
    packed.extend_from_slice(&gzip);
    packed.resize(packed.len().next_multiple_of(4), 0);
    numbered([
        [&layer[..], &init, &query].concat(),
        [&after[..], &packed].concat(),
        [&[0xb7, 0x59, 0x94, 0xbf][..], &after, &query].concat(),
    ])
}
