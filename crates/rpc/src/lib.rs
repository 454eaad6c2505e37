//! From the bytes of a query to its method, and back.
//!
//! [`boundary`] is the seam to the gateway. [`Rpc`] unwraps a query, finds out who asks, guards, decodes,
//! runs the method's handler from the [`Registry`] and encodes what comes out at the session's layer.

pub mod access;
pub mod answer;
pub mod binding;
pub mod boundary;
pub mod context;
pub mod convert;
pub mod devices;
pub mod envelope;
mod keys;
pub mod registry;
mod run;

/// The group that clients are told for secret chats and calls: the handshake's.
pub use mtproto::dh;

pub use context::Cx;
pub use domain::{Error, Fault};
pub use registry::{Access, Entry, Registry};
pub use run::Rpc;
