//! The gateway over real sockets, with a handler that has no meaning of its own.

mod faults;
mod http;
mod keys;
mod limits;
mod sessions;
mod support;
mod transports;
