use std::fmt;
use std::sync::Arc;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::hash::sha1;

/// The 2048 bit key that a client and the server share.
///
/// Source: MTProto, "Detailed description", "Authorization key".
#[derive(Clone)]
pub struct AuthKey {
    /// Shared, so that a clone neither copies nor scatters the secret.
    bytes: Arc<Zeroizing<[u8; 256]>>,
    id: i64,
    aux_hash: [u8; 8],
}

impl AuthKey {
    pub fn new(bytes: &[u8; 256]) -> Self {
        let hash = sha1(&[bytes]);
        Self {
            bytes: Arc::new(Zeroizing::new(*bytes)),
            id: i64::from_le_bytes(hash[12..20].try_into().expect("eight bytes")),
            aux_hash: hash[..8].try_into().expect("eight bytes"),
        }
    }

    /// `auth_key_id`: the lower 64 bits of the key's SHA-1. Not secret. Never 0 in practice; 0 on the
    /// wire means "not encrypted".
    pub fn id(&self) -> i64 {
        self.id
    }

    /// `auth_key_aux_hash`: the higher 64 bits of the key's SHA-1.
    pub fn aux_hash(&self) -> [u8; 8] {
        self.aux_hash
    }

    /// The secret itself, to be sealed and stored.
    pub fn bytes(&self) -> &[u8; 256] {
        &self.bytes
    }

    /// `new_nonce_hash1..3`: what tells the client that this key, and no other, was agreed upon.
    pub fn new_nonce_hash(&self, new_nonce: &[u8; 32], number: u8) -> [u8; 16] {
        let hash = sha1(&[new_nonce, &[number], &self.aux_hash]);
        hash[4..20].try_into().expect("sixteen bytes")
    }
}

impl PartialEq for AuthKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes.as_slice().ct_eq(other.bytes.as_slice()).into()
    }
}

impl Eq for AuthKey {}

impl fmt::Debug for AuthKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_key_is_printed() {
        assert_eq!(format!("{:?}", AuthKey::new(&[7; 256])), "AuthKey");
    }

    #[test]
    fn equal_means_all_bytes_equal() {
        let (mut one, two) = ([1; 256], AuthKey::new(&[1; 256]));
        assert_eq!(AuthKey::new(&one), two);
        one[255] ^= 1;
        assert_ne!(AuthKey::new(&one), two);
    }
}
