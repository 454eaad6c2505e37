//! Cutting packets out of streams, for both ends, bare and obfuscated.

use std::sync::Arc;

use crypto::aes::Ctr;
use crypto::hash::sha256;
use mtproto::limits::{PACKET_BYTES_MAX, PACKET_BYTES_MIN};
use mtproto::transport::{
    ClientInbound, ClientTransport, Framing, Inbound, Obfuscation, ProxySecret, ServerTransport,
    TransportCode, TransportError,
};
use mtproto::{Sniff, sniff};

use super::numbered;
use crate::input::{Input, Seeded};

const SECRET: [u8; 16] = [0x42; 16];
const OBFUSCABLE: [Framing; 3] = [Framing::Abridged, Framing::Intermediate, Framing::PaddedIntermediate];
const FRAMINGS: [Framing; 4] =
    [Framing::Abridged, Framing::Intermediate, Framing::PaddedIntermediate, Framing::Full];

/// What is told from the first bytes is never taken back, and told by the sixth.
pub fn sniff_bytes(data: &[u8]) {
    let all = sniff(data);
    for length in 0..data.len().min(16) {
        let told = sniff(&data[..length]);
        assert!(told == Sniff::NeedMore || told == all, "{told:?} became {all:?}");
    }
    assert!(all != Sniff::NeedMore || data.len() < 6);
}

pub fn seeds_sniff() -> Vec<(String, Vec<u8>)> {
    numbered(["GET /", "POST /api", "HEAD", "OPTIONS", "\x16\x03\x01\x02\x00\x01"].map(|s| s.into()))
}

/// Pieces of random lengths, mostly short.
fn pieces(data: &[u8], seed: u8) -> Vec<&[u8]> {
    let mut random = Seeded(seed.into());
    let (mut rest, mut pieces) = (data, Vec::new());
    while !rest.is_empty() {
        let length = match random.number() % 4 {
            0 => 1,
            1 => random.number() % 8,
            2 => random.number() % 100,
            _ => random.number() % 4096,
        };
        let (piece, after) = rest.split_at((length as usize).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

struct Took {
    packets: Vec<Inbound>,
    error: Option<TransportError>,
    transport: ServerTransport,
}

fn serve(pieces: &[&[u8]]) -> Took {
    let mut transport = ServerTransport::new(Arc::new([ProxySecret::new(SECRET)]));
    let mut packets = Vec::new();
    let mut error = None;
    'stream: for piece in pieces {
        transport.handle_bytes(piece);
        loop {
            match transport.poll_packet() {
                Ok(Some(packet)) => {
                    let length = packet.payload.len();
                    assert!((PACKET_BYTES_MIN..=PACKET_BYTES_MAX).contains(&length), "{length}");
                    packets.push(packet);
                }
                Ok(None) => break,
                Err(why) => {
                    error = Some(why);
                    break 'stream;
                }
            }
        }
    }
    Took { packets, error, transport }
}

/// A server that gets any bytes: it does not matter in which pieces they come.
pub fn server(data: &[u8]) {
    let mut input = Input(data);
    let seed = input.u8();
    let stream = input.rest();
    let whole = serve(&[stream]);
    let mut cut = serve(&pieces(stream, seed));
    assert_eq!((whole.packets, whole.error), (cut.packets, cut.error));
    assert_eq!(whole.transport.name(), cut.transport.name());
    let mut out = Vec::new();
    let mut random = Seeded(1);
    cut.transport.encode_packet(&[7; 40], &mut random, &mut out);
    cut.transport.encode_error(TransportCode::NotFound, &mut random, &mut out);
    cut.transport.encode_quick_ack(9, &mut random, &mut out);
    assert!(out.is_empty() == cut.transport.framing().is_none());
}

pub fn seeds_server() -> Vec<(String, Vec<u8>)> {
    let mut seeds = Vec::new();
    for framing in FRAMINGS {
        for secret in [None, Some(None), Some(Some(ProxySecret::new(SECRET)))] {
            let obfuscation = secret.map(|secret| Obfuscation { secret, dc: 2 });
            if framing == Framing::Full && obfuscation.is_some() {
                continue;
            }
            let mut random = Seeded(5);
            let mut client = ClientTransport::new(framing, obfuscation.as_ref(), &mut random);
            let mut stream = vec![3];
            for length in [40, 1000] {
                client.encode_packet(&vec![9; length], length == 40, &mut random, &mut stream);
            }
            seeds.push(stream);
        }
    }
    numbered(seeds)
}

pub fn seeds_framed() -> Vec<(String, Vec<u8>)> {
    numbered((0..8).map(|kind| {
        let mut random = Seeded(7);
        let framing = FRAMINGS[usize::from(kind) % 3];
        let mut client = ClientTransport::new(framing, None, &mut random);
        let mut stream = vec![kind, 1, 5];
        let mut packets = Vec::new();
        client.encode_packet(&[1; 8], true, &mut random, &mut packets);
        client.encode_packet(&[9; 40], false, &mut random, &mut packets);
        let announced = if framing == Framing::Abridged { 1 } else { 4 };
        stream.extend_from_slice(&packets[announced..]);
        stream
    }))
}

/// A cipher as the header of an obfuscated connection gives it, past the header itself.
fn cipher(header: &[u8; 64], secret: Option<[u8; 16]>, past_header: bool) -> Ctr {
    let mut key: [u8; 32] = header[8..40].try_into().expect("32 bytes");
    if let Some(secret) = secret {
        key = sha256(&[&key, &secret]);
    }
    let mut cipher = Ctr::new(&key, header[40..56].try_into().expect("16 bytes"));
    if past_header {
        cipher.apply(&mut [0; 64]);
    }
    cipher
}

/// A client's end with its header, which it sends before an empty-looking packet.
fn obfuscated_client(framing: Framing, secret: Option<[u8; 16]>, seed: u8) -> (ClientTransport, [u8; 64]) {
    let mut random = Seeded(seed.into());
    let obfuscation = Obfuscation { secret: secret.map(ProxySecret::new), dc: 2 };
    let mut client = ClientTransport::new(framing, Some(&obfuscation), &mut random);
    let mut out = Vec::new();
    client.encode_packet(&[1; 8], false, &mut random, &mut out);
    (client, *out.first_chunk().expect("the header comes first"))
}

/// Any bytes under the obfuscation mean what they mean without it.
pub fn obfuscated(data: &[u8]) {
    let mut input = Input(data);
    let framing = input.pick(&OBFUSCABLE);
    let secret = input.coin().then_some(SECRET);
    let seed = input.u8();
    let stream = input.rest();

    let announce: &[u8] = match framing {
        Framing::Abridged => &[0xef],
        Framing::Intermediate => &[0xee; 4],
        _ => &[0xdd; 4],
    };
    let plain = serve(&[&[announce, stream].concat()]);

    let (_, header) = obfuscated_client(framing, secret, seed);
    let mut hidden = stream.to_vec();
    cipher(&header, secret, true).apply(&mut hidden);
    let hidden = [&header[..], &hidden].concat();
    let took = serve(&pieces(&hidden, seed));
    assert_eq!(took.transport.framing(), Some(framing));
    assert!(took.transport.is_obfuscated());
    assert_eq!(took.transport.dc_hint(), Some(2));
    assert_eq!((took.packets, took.error), (plain.packets, plain.error));
}

fn receive(client: &mut ClientTransport, pieces: &[&[u8]]) -> (Vec<ClientInbound>, Option<TransportError>) {
    let mut got = Vec::new();
    for piece in pieces {
        client.handle_bytes(piece);
        loop {
            match client.poll_packet() {
                Ok(Some(inbound)) => got.push(inbound),
                Ok(None) => break,
                Err(error) => return (got, Some(error)),
            }
        }
    }
    (got, None)
}

/// A client that gets any bytes, bare and obfuscated.
pub fn client(data: &[u8]) {
    let mut input = Input(data);
    let framing = input.pick(&FRAMINGS);
    let secret = input.coin().then_some(SECRET);
    let seed = input.u8();
    let stream = input.rest();
    let mut bare = ClientTransport::new(framing, None, &mut Seeded(1));
    let expected = receive(&mut bare, &[stream]);
    let mut cut = ClientTransport::new(framing, None, &mut Seeded(1));
    assert_eq!(receive(&mut cut, &pieces(stream, seed)), expected);
    if framing == Framing::Full {
        return;
    }
    let (mut client, mut header) = obfuscated_client(framing, secret, seed);
    header.reverse();
    let mut hidden = stream.to_vec();
    cipher(&header, secret, false).apply(&mut hidden);
    assert_eq!(receive(&mut client, &pieces(&hidden, seed)), expected);
}

/// What one end sends the other gets.
pub fn pair(data: &[u8]) {
    let mut input = Input(data);
    let framing = input.pick(&FRAMINGS);
    let kind = input.u8();
    let obfuscation = (kind & 1 == 1 && framing != Framing::Full).then(|| Obfuscation {
        secret: (kind & 2 == 2).then(|| ProxySecret::new(SECRET)),
        dc: i16::from(kind),
    });
    let mut random = Seeded(input.u8().into());
    let mut client = ClientTransport::new(framing, obfuscation.as_ref(), &mut random);
    let mut server = ServerTransport::new(Arc::new([ProxySecret::new(SECRET)]));
    while !input.is_empty() {
        let how = input.u8();
        let bytes = input.chunk();
        // Whole blocks after a header, as encrypted packets are; the first byte tells them from plaintext.
        let mut payload = vec![1; 24 + bytes.len().next_multiple_of(16)];
        payload[24..24 + bytes.len()].copy_from_slice(bytes);
        let mut wire = Vec::new();
        let quick_ack = how & 1 == 1 && framing != Framing::Full;
        client.encode_packet(&payload, quick_ack, &mut random, &mut wire);
        for piece in pieces(&wire, how) {
            server.handle_bytes(piece);
        }
        assert_eq!(server.poll_packet(), Ok(Some(Inbound { payload: payload.clone(), quick_ack })));
        assert_eq!(server.poll_packet(), Ok(None));

        let mut wire = Vec::new();
        server.encode_packet(&payload, &mut random, &mut wire);
        let mut expected = vec![ClientInbound::Packet(payload)];
        if how & 2 == 2 && framing != Framing::Full {
            let token = u32::from(how) << 24 | 0x8000_0001;
            server.encode_quick_ack(token, &mut random, &mut wire);
            expected.push(ClientInbound::QuickAck(token));
        }
        if how & 4 == 4 {
            server.encode_error(TransportCode::Flood, &mut random, &mut wire);
            expected.push(ClientInbound::Error(TransportCode::Flood.code()));
        }
        assert_eq!(receive(&mut client, &pieces(&wire, how)), (expected, None));
    }
}
