//! From an authorization key to the keys of one message.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::AuthKey;
use crate::hash::{sha1, sha256};

/// Who wrote a message. It decides which part of the authorization key goes into the message's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

impl Side {
    /// The `x` of the specification.
    fn offset(self) -> usize {
        match self {
            Self::Client => 0,
            Self::Server => 8,
        }
    }
}

/// AES key and IGE vector of one message.
pub struct MessageKeys {
    pub key: Zeroizing<[u8; 32]>,
    pub iv: Zeroizing<[u8; 32]>,
}

/// `msg_key_large`: SHA-256 over 32 bytes of the key and the plaintext with its padding. Bytes 8..24
/// are `msg_key`, the first four the quick acknowledgement token.
///
/// Source: MTProto, "Detailed description", "Defining AES key and initialization vector".
pub fn msg_key_large(key: &AuthKey, from: Side, plaintext: &[u8]) -> [u8; 32] {
    let x = from.offset();
    let mut hash = Sha256::new();
    hash.update(&key.bytes()[88 + x..120 + x]);
    hash.update(plaintext);
    hash.finalize().into()
}

/// The middle 128 bits of [`msg_key_large`].
pub fn msg_key(large: &[u8; 32]) -> [u8; 16] {
    large[8..24].try_into().expect("sixteen bytes")
}

/// Keys of one message, MTProto 2.0.
pub fn message_keys(key: &AuthKey, from: Side, msg_key: &[u8; 16]) -> MessageKeys {
    let x = from.offset();
    let a = Zeroizing::new(sha256(&[msg_key, &key.bytes()[x..x + 36]]));
    let b = Zeroizing::new(sha256(&[&key.bytes()[40 + x..76 + x], msg_key]));
    let mut keys = MessageKeys { key: Zeroizing::new([0; 32]), iv: Zeroizing::new([0; 32]) };
    concat(&mut keys.key, &[&a[..8], &b[8..24], &a[24..]]);
    concat(&mut keys.iv, &[&b[..8], &a[8..24], &b[24..]]);
    keys
}

/// Keys of one message, MTProto 1.0. Only the message inside `auth.bindTempAuthKey` still has them.
///
/// Source: MTProto, "Mobile protocol v1.0: detailed description"; API, "auth.bindTempAuthKey".
pub fn message_keys_v1(key: &AuthKey, from: Side, msg_key: &[u8; 16]) -> MessageKeys {
    let x = from.offset();
    let k = key.bytes();
    let a = Zeroizing::new(sha1(&[msg_key, &k[x..x + 32]]));
    let b = Zeroizing::new(sha1(&[&k[32 + x..48 + x], msg_key, &k[48 + x..64 + x]]));
    let c = Zeroizing::new(sha1(&[&k[64 + x..96 + x], msg_key]));
    let d = Zeroizing::new(sha1(&[msg_key, &k[96 + x..128 + x]]));
    let mut keys = MessageKeys { key: Zeroizing::new([0; 32]), iv: Zeroizing::new([0; 32]) };
    concat(&mut keys.key, &[&a[..8], &b[8..20], &c[4..16]]);
    concat(&mut keys.iv, &[&a[8..20], &b[..8], &c[16..20], &d[..8]]);
    keys
}

/// Keys of the answers of the key exchange, from its nonces (`tmp_aes_key`, `tmp_aes_iv`).
///
/// Source: MTProto, "Creating an authorization key", step 6.
pub fn exchange_keys(new_nonce: &[u8; 32], server_nonce: &[u8; 16]) -> MessageKeys {
    let ns = Zeroizing::new(sha1(&[new_nonce, server_nonce]));
    let sn = Zeroizing::new(sha1(&[server_nonce, new_nonce]));
    let nn = Zeroizing::new(sha1(&[new_nonce, new_nonce]));
    let mut keys = MessageKeys { key: Zeroizing::new([0; 32]), iv: Zeroizing::new([0; 32]) };
    concat(&mut keys.key, &[&*ns, &sn[..12]]);
    concat(&mut keys.iv, &[&sn[12..], &*nn, &new_nonce[..4]]);
    keys
}

fn concat(into: &mut [u8; 32], parts: &[&[u8]]) {
    let mut at = 0;
    for part in parts {
        into[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    debug_assert_eq!(at, 32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aes::{ige_decrypt, ige_encrypt};
    use crate::testing::{hex, sample};

    #[test]
    fn exchange_keys_of_the_published_sample() {
        let keys = exchange_keys(&sample::NEW_NONCE(), &sample::SERVER_NONCE());
        assert_eq!(*keys.key, *hex("5EA702F743E850F5546E857F08B7D5337BBAEDF9B61248751594851BE2E8C297"));
        assert_eq!(*keys.iv, *hex("1CEF8E372A63D97EBFA805C0DBB018BC7C1E0931693FBCB1A1AFC0C0A8BBC849"));
    }

    /// Computed with other programs from the formulas of the specification.
    #[test]
    fn keys_of_a_message() {
        let key = AuthKey::new(&std::array::from_fn(|i| (i * 7 + 3) as u8));
        let msg_key: [u8; 16] = std::array::from_fn(|i| i as u8);
        for (side, large, v2, v1) in [
            (
                Side::Client,
                "91b5331b647dae897bb17cb37f76fd50c0e91c046ec383f677661319aa867849",
                [
                    "992e00c2379b82a0ef00c4229f63321265c1866cf6eceaacf402ae8c7ba16942",
                    "c83e5d56adb08c2520ebc8ed8406fa9e929a8bcf4cac6f7fc774c60d5ee4c19c",
                ],
                [
                    "b6212c1151b186a47806178fa09c69c69b61d51aacbf731aea5be4ad0a36afab",
                    "bc4ec39addc3cfd942c989fb5bf4d89e9eabaf8de6bc0e69a5dba1674e295925",
                ],
            ),
            (
                Side::Server,
                "53d270bd11a06504b09f11e27db3e3730af2d11259d9116282afc99da84d4992",
                [
                    "1c2b51563cfcd1c6fefce1060f4f870abe564504aba57255e232a6ab4216c2cc",
                    "3f5f917edda76ce6c64047eb2ec62024cbc1997e0f1069f799a13aa67f616441",
                ],
                [
                    "2046980e8fa534929d7deb26a1a7ab10d8e4517f7fb6ea73555ad2531946e80a",
                    "f2f933f74cb802b2e4f17c0f68fedf6400581827e9a0378915c4fb847c1a7ab0",
                ],
            ),
        ] {
            assert_eq!(msg_key_large(&key, side, b"hello, world...."), *hex(large));
            for (keys, [aes_key, aes_iv]) in
                [(message_keys(&key, side, &msg_key), v2), (message_keys_v1(&key, side, &msg_key), v1)]
            {
                assert_eq!((*keys.key, *keys.iv), (*hex(aes_key), *hex(aes_iv)), "{side:?}");
            }
        }
    }

    /// The two sides and the two versions give different keys, and each opens only what it closed.
    #[test]
    fn sides_and_versions_are_apart() {
        let key = AuthKey::new(&std::array::from_fn(|i| i as u8));
        let derive = [message_keys, message_keys_v1];
        for one in 0..4 {
            for other in 0..4 {
                let keys = |n: usize| {
                    derive[n / 2](
                        &key,
                        if n.is_multiple_of(2) { Side::Client } else { Side::Server },
                        &[5; 16],
                    )
                };
                let (closing, opening) = (keys(one), keys(other));
                let mut data = [9; 48];
                ige_encrypt(&closing.key, &closing.iv, &mut data);
                ige_decrypt(&opening.key, &opening.iv, &mut data);
                assert_eq!(data == [9; 48], one == other, "{one} {other}");
            }
        }
    }
}
