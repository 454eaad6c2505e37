//! The methods against a whole server in this process, on both engines.

mod chat;
mod docs;
mod mirror;
mod scheduled;
mod ttl;
