//! Tests of whole conversations: a client and a server in memory.

mod handshake;
mod network;
mod packet;
mod security;
mod session;
mod session_http;
mod session_messages;
mod transport;
pub(crate) mod util;
