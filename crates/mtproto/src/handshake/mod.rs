//! Agreeing on an authorization key.
//!
//! Source: MTProto, "Creating an authorization key"; "Security guidelines", "Diffie-Hellman key exchange".

pub mod client;
pub mod server;

use crypto::RandomSource;
use crypto::aes::{BLOCK, ige_decrypt, ige_encrypt};
use crypto::hash::sha1;
use crypto::kdf::MessageKeys;
use tl::{Encode, Writer};

type Nonce = [u8; 16];

/// `answer_with_hash` and `data_with_hash`: SHA-1, the object, random bytes up to whole blocks, encrypted.
pub(crate) fn seal_hashed(keys: &MessageKeys, object: &dyn Encode, random: &mut dyn RandomSource) -> Vec<u8> {
    let object = bytes_of(object);
    let mut data = [&sha1(&[&object])[..], &object].concat();
    let length = data.len();
    data.resize(length.next_multiple_of(BLOCK), 0);
    random.fill(&mut data[length..]);
    ige_encrypt(&keys.key, &keys.iv, &mut data);
    data
}

/// Decrypts what [`seal_hashed`] made: the hash, and the object with its padding.
fn open_hashed(keys: &MessageKeys, encrypted: &[u8]) -> Option<([u8; 20], Vec<u8>)> {
    if encrypted.len() < 2 * BLOCK || !encrypted.len().is_multiple_of(BLOCK) {
        return None;
    }
    let mut data = encrypted.to_vec();
    ige_decrypt(&keys.key, &keys.iv, &mut data);
    let object = data.split_off(20);
    Some((data.try_into().expect("twenty bytes"), object))
}

/// The initial salt of a key.
fn initial_salt(new_nonce: &[u8; 32], server_nonce: &Nonce) -> i64 {
    let half = |bytes: &[u8]| i64::from_le_bytes(bytes[..8].try_into().expect("eight bytes"));
    half(new_nonce) ^ half(server_nonce)
}

fn bytes_of(object: &dyn Encode) -> Vec<u8> {
    let mut w = Writer::new(0);
    object.encode(&mut w).expect("service types have a form in every layer");
    w.into_bytes()
}
