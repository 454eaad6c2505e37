//! The cryptography of MTProto: ciphers, hashes, key derivation, RSA, Diffie-Hellman, factorisation.
//!
//! Primitives come from published crates; this crate puts them together as the protocol says and
//! names them in its terms. It reads no clock and no random number generator: randomness is an
//! argument ([`RandomSource`]). Whatever works on a secret takes the same time for every secret of
//! the same length, unless its documentation says otherwise. Secrets are wiped when they are dropped
//! and print nothing with `{:?}`.
//!
//! Source: MTProto, "Creating an authorization key", "Detailed description", "Security guidelines".

pub mod aes;
mod auth_key;
pub mod dh;
pub mod hash;
pub mod kdf;
pub mod pq;
mod random;
pub mod rsa;
#[cfg(test)]
mod testing;

pub use auth_key::AuthKey;
pub use kdf::Side;
pub use random::RandomSource;
pub use rsa::{RsaPrivateKey, RsaPublicKey};
pub use subtle::ConstantTimeEq;
pub use zeroize::{Zeroize, Zeroizing};
