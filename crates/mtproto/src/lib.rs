//! MTProto 2.0 as a deterministic state machine, for the server and for the client.
//!
//! Nothing here opens a socket, reads a clock or makes a random number. Bytes, the time (unix
//! milliseconds) and a [`RandomSource`] are arguments; bytes and events come back. Methods named
//! `handle_*` take something in, methods named `poll_*` give something out and are called until they
//! have nothing left; the others are commands of the application.
//!
//! From the wire inwards:
//!
//! - [`transport`] cuts a byte stream into packets, plain or obfuscated, and tells TLS and HTTP apart.
//! - [`packet`] opens and closes one packet: plaintext, or encrypted under an authorization key.
//! - [`handshake`] agrees on an authorization key; [`bind`] ties a temporary key to a permanent one.
//! - [`session`] keeps the order of messages: salts, identifiers, containers, acknowledgements,
//!   answers that are sent again. Bodies of queries and answers are opaque bytes.
//!
//! Not spoken: MTProto 1.0 messages (no client of the supported layers sends them) and proxy secrets that
//! imitate TLS ("ee" secrets).

pub mod bind;
pub mod handshake;
pub mod limits;
pub mod packet;
pub mod session;
pub mod transport;

/// The group of every key exchange: the handshake's, and the one that clients are told for secret chats.
pub mod dh {
    pub use crypto::dh::{G, prime};
}

#[cfg(test)]
mod tests;

pub use crypto::{AuthKey, RandomSource, RsaPrivateKey, RsaPublicKey, Side};
pub use packet::{PacketKind, classify};
pub use session::{FutureSalt, MsgIds, SaltSecret, Salts};
pub use transport::{Sniff, sniff};
