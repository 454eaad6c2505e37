use std::sync::Arc;

use super::util::{Seeded, auth_key};
use crate::Side;
use crate::limits::PACKET_BYTES_MAX;
use crate::packet::encrypted::{Header, open, seal};
use crate::packet::plain;
use crate::transport::{
    ClientInbound, ClientTransport, Framing, Inbound, Obfuscation, ProxySecret, SecretError, ServerTransport,
    TransportCode, TransportError,
};

const FRAMINGS: [Framing; 4] =
    [Framing::Abridged, Framing::Intermediate, Framing::PaddedIntermediate, Framing::Full];

fn secret(byte: u8) -> ProxySecret {
    ProxySecret::new([byte; 16])
}

/// Every transport: plain, obfuscated, and obfuscated with a secret.
fn transports() -> Vec<(Framing, Option<Obfuscation>)> {
    let mut all: Vec<_> = FRAMINGS.into_iter().map(|framing| (framing, None)).collect();
    for framing in &FRAMINGS[..3] {
        for secret in [None, Some(secret(1)), Some(secret(2))] {
            all.push((*framing, Some(Obfuscation { secret, dc: -10_002 })));
        }
    }
    all
}

fn server() -> ServerTransport {
    ServerTransport::new(Arc::from([secret(1), secret(2)]))
}

/// An encrypted packet of roughly the wanted size.
fn packet(random: &mut Seeded, size: usize) -> Vec<u8> {
    let header = Header { salt: 1, session_id: 2, msg_id: 3, seq_no: 4 };
    let mut out = Vec::new();
    let body = random.bytes(size / 4 * 4);
    seal(&auth_key(7), Side::Client, &header, &body, random, &mut out);
    out
}

#[test]
fn packets_go_through_every_transport_in_both_directions() {
    let seed = 31;
    println!("seed {seed}");
    let mut random = Seeded::new(seed);
    for (framing, obfuscation) in transports() {
        let mut client = ClientTransport::new(framing, obfuscation.as_ref(), &mut random);
        let mut server = server();
        for size in [0, 400, 500, 508, 4000, 512 << 10] {
            let payload = packet(&mut random, size);
            let mut stream = Vec::new();
            client.encode_packet(&payload, false, &mut random, &mut stream);
            // In pieces of any size.
            let mut got = Vec::new();
            let mut rest = stream.as_slice();
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(1 + random.below(rest.len() as u64) as usize);
                server.handle_bytes(piece);
                while let Some(inbound) = server.poll_packet().unwrap() {
                    got.push(inbound);
                }
                rest = after;
            }
            assert_eq!(got, [Inbound { payload: payload.clone(), quick_ack: false }], "{framing:?} {size}");

            let mut back = Vec::new();
            server.encode_packet(&payload, &mut random, &mut back);
            server.encode_packet(&payload, &mut random, &mut back);
            client.handle_bytes(&back);
            for _ in 0..2 {
                assert_eq!(client.poll_packet().unwrap(), Some(ClientInbound::Packet(payload.clone())));
            }
            assert_eq!(client.poll_packet().unwrap(), None);
        }
        assert_eq!(server.framing(), Some(framing));
        assert_eq!(server.is_obfuscated(), obfuscation.is_some());
        assert_eq!(server.name().starts_with("obfuscated"), obfuscation.is_some());
        assert_eq!(server.dc_hint(), obfuscation.map(|_| -10_002));
    }
}

#[test]
fn one_byte_at_a_time() {
    let mut random = Seeded::new(32);
    for (framing, obfuscation) in transports() {
        let mut client = ClientTransport::new(framing, obfuscation.as_ref(), &mut random);
        let mut server = server();
        let payload = packet(&mut random, 100);
        let mut stream = Vec::new();
        client.encode_packet(&payload, false, &mut random, &mut stream);
        let (last, before) = stream.split_last().unwrap();
        for byte in before {
            server.handle_bytes(&[*byte]);
            assert_eq!(server.poll_packet(), Ok(None), "{framing:?}");
        }
        server.handle_bytes(&[*last]);
        assert_eq!(server.poll_packet().unwrap().unwrap().payload, payload);
    }
}

#[test]
fn quick_acknowledgements() {
    let mut random = Seeded::new(33);
    for (framing, obfuscation) in transports() {
        let mut client = ClientTransport::new(framing, obfuscation.as_ref(), &mut random);
        let mut server = server();
        for size in [40, 4000] {
            let mut stream = Vec::new();
            client.encode_packet(&packet(&mut random, size), true, &mut random, &mut stream);
            server.handle_bytes(&stream);
            let inbound = server.poll_packet().unwrap().unwrap();
            assert_eq!(inbound.quick_ack, framing != Framing::Full);
            let mut back = Vec::new();
            server.encode_quick_ack(0x8123_4567, &mut random, &mut back);
            client.handle_bytes(&back);
            let expected = (framing != Framing::Full).then_some(ClientInbound::QuickAck(0x8123_4567));
            assert_eq!(client.poll_packet().unwrap(), expected, "{framing:?}");
        }
    }
}

/// The bytes of a quick acknowledgement as the specification draws them.
#[test]
fn quick_acknowledgements_on_the_wire() {
    let mut random = Seeded::new(34);
    for (first, expected) in
        [(&[0xef_u8][..], vec![0x81, 0x23, 0x45, 0x67]), (&[0xee; 4], vec![0x67, 0x45, 0x23, 0x81])]
    {
        let mut server = server();
        server.handle_bytes(first);
        assert_eq!(server.poll_packet(), Ok(None));
        let mut out = Vec::new();
        server.encode_quick_ack(0x8123_4567, &mut random, &mut out);
        assert_eq!(out, expected);
    }
}

/// Rule 8: an unknown key is told by -404 in the transport's own frame.
#[test]
fn rule_08_errors_are_framed() {
    let mut random = Seeded::new(35);
    for (framing, obfuscation) in transports() {
        for code in [TransportCode::NotFound, TransportCode::Flood, TransportCode::InvalidDc] {
            let mut client = ClientTransport::new(framing, obfuscation.as_ref(), &mut random);
            let mut server = server();
            let mut stream = Vec::new();
            client.encode_packet(&packet(&mut random, 40), false, &mut random, &mut stream);
            server.handle_bytes(&stream);
            server.poll_packet().unwrap().unwrap();
            let mut back = Vec::new();
            server.encode_error(code, &mut random, &mut back);
            client.handle_bytes(&back);
            assert_eq!(client.poll_packet().unwrap(), Some(ClientInbound::Error(code.code())), "{framing:?}");
        }
    }
    // 0xfffffe6c, in the abridged and in the full transport.
    let mut abridged = server();
    abridged.handle_bytes(&[0xef]);
    abridged.poll_packet().unwrap();
    let mut out = Vec::new();
    abridged.encode_error(TransportCode::NotFound, &mut random, &mut out);
    assert_eq!(out, [1, 0x6c, 0xfe, 0xff, 0xff]);
    assert_eq!(TransportCode::InvalidDc.http_status(), 444);
}

/// Rule 10: what stands in the data centre field decides nothing.
#[test]
fn rule_10_any_data_centre_is_taken() {
    let mut random = Seeded::new(36);
    for dc in [0, 2, -2, 10_002, 7963, 26_847, -19_027, i16::MIN] {
        let obfuscation = Obfuscation { secret: None, dc };
        let mut client = ClientTransport::new(Framing::Abridged, Some(&obfuscation), &mut random);
        let mut server = server();
        let payload = packet(&mut random, 40);
        let mut stream = Vec::new();
        client.encode_packet(&payload, false, &mut random, &mut stream);
        server.handle_bytes(&stream);
        assert_eq!(server.poll_packet().unwrap().unwrap().payload, payload);
        assert_eq!(server.dc_hint(), Some(dc));
    }
}

/// Rule 11: the padded transport puts random bytes behind plaintext packets too.
#[test]
fn rule_11_padding_behind_plaintext_is_ignored() {
    let mut random = Seeded::new(37);
    for padding in 0..=15 {
        let mut payload = Vec::new();
        plain::seal(44, &[1; 20], &mut payload);
        let length = payload.len() + padding;
        let mut stream = [&[0xdd; 4][..], &(length as u32).to_le_bytes(), &payload].concat();
        stream.extend_from_slice(&random.bytes(padding));
        let mut server = server();
        server.handle_bytes(&stream);
        let inbound = server.poll_packet().unwrap().unwrap();
        let opened = plain::open(&inbound.payload).unwrap();
        assert_eq!((opened.msg_id, opened.body), (44, &[1; 20][..]), "{padding}");
    }
    // And behind encrypted ones, where what is left over is cut off.
    for padding in 0..=15 {
        let packet = packet(&mut random, 100);
        let length = packet.len() + padding;
        let mut stream = [&[0xdd; 4][..], &(length as u32).to_le_bytes(), &packet].concat();
        stream.extend_from_slice(&random.bytes(padding));
        let mut server = server();
        server.handle_bytes(&stream);
        let mut payload = server.poll_packet().unwrap().unwrap().payload;
        assert!(open(&auth_key(7), Side::Client, &mut payload).is_ok(), "{padding}");
    }
}

/// Rule 25: what one call makes is one frame, which a client that takes frames one by one can read.
#[test]
fn rule_25_one_packet_per_frame() {
    let mut random = Seeded::new(38);
    for (framing, obfuscation) in transports().into_iter().filter(|(_, obfuscation)| obfuscation.is_some()) {
        let mut client = ClientTransport::new(framing, obfuscation.as_ref(), &mut random);
        let mut server = server();
        let mut stream = Vec::new();
        client.encode_packet(&packet(&mut random, 40), false, &mut random, &mut stream);
        // Frames that split and join packets are taken.
        client.encode_packet(&packet(&mut random, 40), false, &mut random, &mut stream);
        let (one, two) = stream.split_at(77);
        server.handle_bytes(one);
        server.handle_bytes(two);
        assert!(server.poll_packet().unwrap().is_some() && server.poll_packet().unwrap().is_some());
        for size in [0, 100, 4000] {
            let payload = packet(&mut random, size);
            let mut frame = Vec::new();
            server.encode_packet(&payload, &mut random, &mut frame);
            client.handle_bytes(&frame);
            assert_eq!(client.poll_packet().unwrap(), Some(ClientInbound::Packet(payload)));
            assert_eq!(client.poll_packet().unwrap(), None);
        }
    }
}

#[test]
fn streams_that_are_wrong() {
    use TransportError::*;
    let long = PACKET_BYTES_MAX as u32 + 4;
    let full = |length: u32, number: u32| {
        let mut packet = [length.to_le_bytes(), number.to_le_bytes()].concat();
        packet.extend_from_slice(&vec![5; length as usize - 12]);
        let checksum = crc32fast::hash(&packet);
        packet.extend_from_slice(&checksum.to_le_bytes());
        packet
    };
    let mut wrong_checksum = full(40, 0);
    wrong_checksum[20] ^= 1;
    for (stream, expected) in [
        (vec![0xef, 0], TooShort { length: 0 }),
        (vec![0xef, 0x80], TooShort { length: 0 }),
        (vec![0xef, 0x7f, 0xff, 0xff, 0xff], TooLong { length: 0xff_ffff * 4 }),
        ([&[0xee; 4][..], &0_u32.to_le_bytes()].concat(), TooShort { length: 0 }),
        ([&[0xee; 4][..], &7_u32.to_le_bytes()].concat(), TooShort { length: 7 }),
        ([&[0xee; 4][..], &long.to_le_bytes()].concat(), TooLong { length: long as usize }),
        ([&[0xdd; 4][..], &long.to_le_bytes()].concat(), TooLong { length: long as usize }),
        (vec![9, 0, 0, 0, 0, 0, 0, 0], TooShort { length: 9 }),
        (vec![12, 0, 0, 0, 0, 0, 0, 0], TooShort { length: 0 }),
        (vec![0, 0, 0, 0x7f, 0, 0, 0, 0], TooLong { length: 0x7f00_0000 - 12 }),
        ([full(40, 0), full(40, 2)].concat(), PacketNumber { got: 2, expected: 1 }),
        (wrong_checksum, Checksum),
        (vec![0x42; 64], UnknownTransport),
    ] {
        let mut server = server();
        server.handle_bytes(&stream);
        let error = loop {
            match server.poll_packet() {
                Ok(Some(_)) => (),
                Ok(None) => panic!("taken: {stream:x?}"),
                Err(error) => break error,
            }
        };
        assert_eq!(error, expected);
    }
}

#[test]
fn a_client_with_another_secret_is_refused() {
    let mut random = Seeded::new(39);
    let obfuscation = Obfuscation { secret: Some(secret(3)), dc: 2 };
    let mut client = ClientTransport::new(Framing::Intermediate, Some(&obfuscation), &mut random);
    let mut stream = Vec::new();
    client.encode_packet(&packet(&mut random, 40), false, &mut random, &mut stream);
    let mut server = server();
    server.handle_bytes(&stream);
    assert_eq!(server.poll_packet(), Err(TransportError::UnknownTransport));
}

#[test]
fn secrets_as_links_have_them() {
    let check = |digits: &str, expected| assert_eq!(ProxySecret::from_hex(digits), expected, "{digits}");
    let digits = "0102030405060708090a0b0c0d0e0f10";
    let secret = ProxySecret::new(std::array::from_fn(|i| i as u8 + 1));
    check(digits, Ok(secret.clone()));
    check(&format!("dd{digits}"), Ok(secret.clone()));
    check(&format!("DD{}", digits.to_uppercase()), Ok(secret.clone()));
    check(&format!("ee{digits}6578616d706c65"), Err(SecretError::FakeTls));
    check(&format!("aa{digits}"), Err(SecretError::Form));
    check(&digits[1..], Err(SecretError::Form));
    check(&format!("{}zz", &digits[2..]), Err(SecretError::Form));
    check("", Err(SecretError::Form));
    assert_eq!(format!("{secret:?}"), "ProxySecret");
}

/// No bytes make the codec panic, or keep more than they are.
#[test]
fn hostile_streams() {
    let seed = 40;
    println!("seed {seed}");
    let mut random = Seeded::new(seed);
    for round in 0..3000 {
        let mut server = server();
        let start: &[u8] = match round % 6 {
            0 => &[0xef],
            1 => &[0xee; 4],
            2 => &[0xdd; 4],
            3 => &[40, 0, 0, 0, 0, 0, 0, 0],
            _ => &[],
        };
        server.handle_bytes(start);
        for _ in 0..8 {
            let length = random.below(90) as usize;
            let mut bytes = random.bytes(length);
            if random.below(2) == 0 {
                bytes.iter_mut().for_each(|byte| *byte &= 3);
            }
            server.handle_bytes(&bytes);
            while let Ok(Some(_)) = server.poll_packet() {}
        }
        let mut client = ClientTransport::new(FRAMINGS[round % 4], None, &mut random);
        let length = random.below(90) as usize;
        client.handle_bytes(&random.bytes(length));
        while let Ok(Some(_)) = client.poll_packet() {}
    }
}

/// Telethon takes no more than three bytes of padding off a packet, and breaks off at what is left.
#[test]
fn padding_towards_clients_is_less_than_a_word() {
    let mut random = Seeded::new(41);
    let mut server = server();
    server.handle_bytes(&[0xdd; 4]);
    assert_eq!(server.poll_packet().unwrap(), None);
    let payload = packet(&mut random, 100);
    let mut seen = [false; 4];
    for _ in 0..100 {
        let mut stream = Vec::new();
        server.encode_packet(&payload, &mut random, &mut stream);
        let length = u32::from_le_bytes(stream[..4].try_into().unwrap()) as usize;
        assert_eq!(length, stream.len() - 4);
        seen[length - payload.len()] = true;
    }
    assert_eq!(seen, [true; 4]);
}

/// A server may send anything: four to seven bytes that begin like a padded quick acknowledgement are none.
#[test]
fn a_short_packet_is_no_quick_acknowledgement() {
    for length in 4..=7_u8 {
        let mut client = ClientTransport::new(Framing::PaddedIntermediate, None, &mut Seeded::new(1));
        client.handle_bytes(&[length, 0, 0, 0]);
        client.handle_bytes(&vec![0xff; usize::from(length)]);
        let expected = if length == 4 {
            ClientInbound::Error(-1)
        } else {
            ClientInbound::Packet(vec![0xff; usize::from(length)])
        };
        assert_eq!(client.poll_packet(), Ok(Some(expected)), "{length}");
    }
}
