//! One packet: plaintext, encrypted under a key, and the message inside of `auth.bindTempAuthKey`.

use crypto::aes::{ige_decrypt, ige_encrypt};
use crypto::hash::sha1;
use crypto::kdf::{message_keys, message_keys_v1, msg_key, msg_key_large};
use crypto::{AuthKey, Side};
use mtproto::bind::{self, Binding};
use mtproto::limits::{PADDING_BYTES_MAX, PADDING_BYTES_MIN};
use mtproto::packet::encrypted::{Header, open, seal};
use mtproto::packet::{classify, plain};
use mtproto::session::server::ServerSession;
use mtproto::session::{ConnectionId, ConnectionKind, SaltSecret, Salts};

use super::numbered;
use crate::input::{Input, Seeded};

/// Some day in 2027.
pub const NOW: i64 = 1_800_000_600_123;

pub fn key() -> AuthKey {
    AuthKey::new(&std::array::from_fn(|i| (i as u8).wrapping_mul(31) ^ 1))
}

pub fn run(data: &[u8]) {
    let mut input = Input(data);
    match input.u8() % 5 {
        0 => strange(input.rest()),
        1 => plaintext(input.rest()),
        2 => opened(input.rest()),
        3 => sealed(&mut input),
        _ => bound(&mut input),
    }
}

/// Bytes of somebody without the key never open.
fn strange(bytes: &[u8]) {
    let key = key();
    let _ = classify(bytes);
    for side in [Side::Client, Side::Server] {
        assert!(open(&key, side, &mut bytes.to_vec()).is_err());
    }
}

fn plaintext(bytes: &[u8]) {
    let Ok(taken) = plain::open(bytes) else { return };
    let mut again = Vec::new();
    plain::seal(taken.msg_id, taken.body, &mut again);
    assert!(bytes.starts_with(&again));
}

/// A holder of the key can put anything inside: it opens exactly when its length and padding are good.
fn opened(bytes: &[u8]) {
    let key = key();
    let mut plaintext = bytes.to_vec();
    plaintext.resize(bytes.len().next_multiple_of(16).max(48), 0);
    let large = msg_key_large(&key, Side::Client, &plaintext);
    let stated = msg_key(&large);
    let keys = message_keys(&key, Side::Client, &stated);
    let mut packet = [&key.id().to_le_bytes()[..], &stated, &plaintext].concat();
    ige_encrypt(&keys.key, &keys.iv, &mut packet[24..]);

    let length = i32::from_le_bytes(plaintext[28..32].try_into().expect("four bytes"));
    let padding = plaintext.len() as i64 - 32 - i64::from(length);
    let good = length >= 0
        && length % 4 == 0
        && (PADDING_BYTES_MIN as i64..=PADDING_BYTES_MAX as i64).contains(&padding);
    let opened = open(&key, Side::Client, &mut packet);
    assert_eq!(opened.is_ok(), good, "{length} and {padding}");
    let Ok(opened) = opened else { return };
    assert_eq!(opened.body, &plaintext[32..32 + length as usize]);
    let salts = Salts::new(&SaltSecret::new([9; 32]), key.id(), opened.salt, NOW);
    let mut session = ServerSession::new(key.clone(), opened.session_id, 1, salts, NOW);
    session.attach(NOW, ConnectionId(1), ConnectionKind::Stream);
    let _ = session.handle_message(NOW, ConnectionId(1), &opened);
}

fn sealed(input: &mut Input<'_>) {
    let key = key();
    let header =
        Header { salt: input.i64(), session_id: input.i64(), msg_id: input.i64(), seq_no: input.i32() };
    let mut body = input.rest().to_vec();
    body.resize(body.len().next_multiple_of(4), 0);
    let mut packet = Vec::new();
    let token = seal(&key, Side::Server, &header, &body, &mut Seeded(1), &mut packet);
    let mut changed = packet.clone();
    let opened = open(&key, Side::Server, &mut packet).expect("what one side seals the other opens");
    assert_eq!((opened.body, opened.msg_id, opened.salt), (&body[..], header.msg_id, header.salt));
    assert_eq!(opened.quick_ack_token, token);
    let at = 8 + body.len() % (changed.len() - 8);
    changed[at] ^= 1;
    assert!(open(&key, Side::Server, &mut changed).is_err());
}

/// The message inside of `auth.bindTempAuthKey`, with anything in it and the hash right.
fn bound(input: &mut Input<'_>) {
    let perm = key();
    let binding = Binding { temp_auth_key_id: 11, temp_session_id: 22, nonce: 33, expires_at: 44 };
    assert!(bind::verify(&perm, &binding, 4, input.0).is_err());
    let mut packet = bind::seal(&perm, &binding, 4, &mut Seeded(2));
    let mut inner = packet.split_off(24);
    let stated: [u8; 16] = packet[8..].try_into().expect("sixteen bytes");
    let keys = message_keys_v1(&perm, Side::Client, &stated);
    ige_decrypt(&keys.key, &keys.iv, &mut inner);
    let before = inner.clone();
    let mut spoilt = inner.clone();
    input.spoil(&mut spoilt);
    spoilt.resize(inner.len(), 0);
    let stated: [u8; 16] = sha1(&[&spoilt[..72]])[4..].try_into().expect("sixteen bytes");
    let keys = message_keys_v1(&perm, Side::Client, &stated);
    let same = spoilt[16..28] == before[16..28] && spoilt[28..72] == before[28..72];
    ige_encrypt(&keys.key, &keys.iv, &mut spoilt);
    let packet = [&perm.id().to_le_bytes()[..], &stated, &spoilt].concat();
    // The sequence number inside means nothing.
    let verified = bind::verify(&perm, &binding, 4, &packet);
    assert!(verified.is_ok() || !same, "{verified:?}");
}

pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let inside = |length: i32, total: usize| {
        let mut bytes = vec![2];
        bytes.extend_from_slice(&[1; 16]);
        bytes.extend_from_slice(&(NOW / 1000 << 32).to_le_bytes());
        bytes.extend_from_slice(&1_i32.to_le_bytes());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.resize(1 + total, 7);
        bytes
    };
    let mut plain_packet = vec![1];
    plain::seal(4, &[5; 20], &mut plain_packet);
    numbered([
        plain_packet,
        inside(4, 48),
        inside(16, 64),
        inside(-4, 48),
        inside(1000, 48),
        inside(16, 1200),
        vec![3; 40],
        [&[4, 200][..], &[3; 12]].concat(),
        vec![0; 80],
    ])
}
