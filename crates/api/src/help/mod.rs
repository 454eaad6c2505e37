//! `help.*`: what clients ask about the server.

pub mod get_config;
pub mod get_nearest_dc;
