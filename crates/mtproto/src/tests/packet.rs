use super::util::{Seeded, auth_key};
use crate::Side;
use crate::packet::encrypted::{Header, OpenError, Opened, open, seal};
use crate::packet::{PacketError, PacketKind, classify, plain};

const HEADER: Header = Header { salt: -5, session_id: 6, msg_id: 7 << 32, seq_no: 9 };

fn sealed(body: &[u8], random: &mut Seeded) -> Vec<u8> {
    let mut out = Vec::new();
    seal(&auth_key(1), Side::Client, &HEADER, body, random, &mut out);
    out
}

#[test]
fn what_is_sealed_opens() {
    let mut random = Seeded::new(1);
    for words in [0, 1, 2, 3, 4, 5, 100, 1000] {
        let body = random.bytes(words * 4);
        let mut out = vec![1, 2, 3];
        let token = seal(&auth_key(1), Side::Client, &HEADER, &body, &mut random, &mut out);
        let packet = &mut out[3..];
        assert_eq!(classify(packet), Ok(PacketKind::Encrypted { auth_key_id: auth_key(1).id() }));
        let opened = open(&auth_key(1), Side::Client, packet).unwrap();
        let expected = Opened {
            salt: HEADER.salt,
            session_id: HEADER.session_id,
            msg_id: HEADER.msg_id,
            seq_no: HEADER.seq_no,
            body: &body,
            quick_ack_token: token,
        };
        assert_eq!(opened, expected);
        assert!(token >= 0x8000_0000);
    }
}

#[test]
fn another_key_or_side_does_not_open() {
    let mut random = Seeded::new(2);
    let packet = sealed(&[0; 40], &mut random);
    for (key, side) in [(auth_key(2), Side::Client), (auth_key(1), Side::Server)] {
        assert_eq!(open(&key, side, &mut packet.clone()), Err(OpenError::MsgKey));
    }
}

#[test]
fn classification() {
    assert_eq!(classify(&[]), Err(PacketError::TooShort { length: 0 }));
    assert_eq!(classify(&[0; 7]), Err(PacketError::TooShort { length: 7 }));
    assert_eq!(classify(&[0; 8]), Ok(PacketKind::Plain));
    assert_eq!(classify(&[0, 0, 0, 0, 0, 0, 0, 1]), Ok(PacketKind::Encrypted { auth_key_id: 1 << 56 }));
}

#[test]
fn plaintext_packets() {
    let mut packet = Vec::new();
    plain::seal(99, &[7; 12], &mut packet);
    assert_eq!(classify(&packet), Ok(PacketKind::Plain));
    let opened = plain::open(&packet).unwrap();
    assert_eq!((opened.msg_id, opened.body), (99, &[7; 12][..]));

    let check = |bytes: &[u8], expected| assert_eq!(plain::open(bytes).err(), Some(expected));
    check(&packet[..19], PacketError::TooShort { length: 19 });
    check(&packet[..31], PacketError::PlainLength { stated: 12, actual: 11 });
    packet[16..20].copy_from_slice(&(-1_i32).to_le_bytes());
    check(&packet, PacketError::PlainLength { stated: -1, actual: 12 });
    packet[0] = 1;
    check(&packet, PacketError::NotPlain);
}

#[test]
fn hostile_packets() {
    let seed = 3;
    println!("seed {seed}");
    let mut random = Seeded::new(seed);
    for _ in 0..5000 {
        let length = random.below(200) as usize;
        let mut packet = random.bytes(length);
        let _ = classify(&packet);
        let _ = plain::open(&packet);
        assert!(open(&auth_key(1), Side::Client, &mut packet).is_err());
    }
}
