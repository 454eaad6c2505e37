//! SHA-1, SHA-256 and HMAC-SHA-256 over parts, so that callers need not join them first.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};

/// SHA-1 of the parts one after the other. The protocol still names keys with it.
pub fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// SHA-256 of the parts one after the other.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// HMAC-SHA-256: the hash that only the holder of `key` can compute.
pub fn hmac_sha256(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    #[test]
    fn published_vectors() {
        // FIPS 180-2, appendix B and C.
        assert_eq!(sha1(&[b"a", b"bc"]), *hex("a9993e364706816aba3e25717850c26c9cd0d89d"));
        assert_eq!(
            sha256(&[b"ab", b"c"]),
            *hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        );
        // RFC 4231, test case 4: a 25 byte key, which HMAC fills up with zeros.
        let mut key = [0; 32];
        for (i, byte) in key.iter_mut().take(25).enumerate() {
            *byte = i as u8 + 1;
        }
        assert_eq!(
            hmac_sha256(&key, &[&[0xcd; 20], &[0xcd; 30]]),
            *hex("82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b")
        );
    }
}
