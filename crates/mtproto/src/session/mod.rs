//! The order of messages within a session.
//!
//! A session is one `session_id` under one authorization key. It outlives connections: what was not
//! acknowledged goes out again on the next one.
//!
//! Source: MTProto, "Detailed description", "Service messages", "Service messages about messages".

mod answer;
mod check;
pub mod client;
mod connections;
mod container;
mod incoming;
mod misbehaved;
mod msg_id;
mod outgoing;
mod queries;
mod salts;
pub mod server;
mod service;

pub use connections::{ConnectionId, ConnectionKind};
pub use container::ContainerError;
pub use msg_id::MsgIds;
pub use salts::{FutureSalt, SaltSecret, Salts};
