//! The gateway over real sockets, with a handler that has no meaning of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod faults;
mod http;
mod keys;
mod limits;
mod readers;
mod sessions;
mod support;
mod transports;
mod unbound;
