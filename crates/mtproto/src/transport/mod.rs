//! From byte streams to packets and back.
//!
//! A server learns from the first bytes which transport a client speaks; they differ by
//! specification, from each other and from TLS and HTTP ([`sniff`]). Over HTTP the body of a request
//! or response is the packet, and nothing here is needed. Over WebSocket the bytes inside the frames
//! are an obfuscated stream like over TCP; what one `encode_*` call appends goes into one frame, because
//! some clients read one packet from one frame.
//!
//! Source: MTProto, "MTProto transports".

mod client;
mod framing;
mod obfuscation;
mod server;
mod sniff;

pub use client::{ClientInbound, ClientTransport, Obfuscation};
pub use framing::{Framing, TransportError};
pub use obfuscation::{ProxySecret, SecretError};
pub use server::{Inbound, ServerTransport};
pub use sniff::{Sniff, sniff};

/// Errors that a transport carries in place of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportCode {
    /// -404: the key is unknown, or a packet is wrong in a way that gets no better answer.
    NotFound,
    /// -429: too many connections, or a limit on containers and service messages was passed.
    Flood,
    /// -444: the data centre asked for is not here.
    InvalidDc,
}

impl TransportCode {
    /// The number on the wire.
    pub fn code(self) -> i32 {
        -i32::from(self.http_status())
    }

    /// The status of an HTTP response that stands for the error.
    pub fn http_status(self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::Flood => 429,
            Self::InvalidDc => 444,
        }
    }
}
