//! The server's RSA key: its files, its number, the raw operation, and the two paddings on top.

mod key;
mod pad;

pub use key::{RsaError, RsaPrivateKey, RsaPublicKey};
pub use pad::{DATA_MAX, Decoded, Form, decode, encode_old, encode_pad};
