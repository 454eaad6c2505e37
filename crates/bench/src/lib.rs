//! A server process of one's own and people who use it over the real protocol: what measurements and crash rounds share.

pub mod server;
pub mod system;
pub mod world;
