//! `help.*`: what clients ask about the server.

pub mod get_config;
pub mod get_nearest_dc;

/// When clients ask again for what is not there.
const ASK_AGAIN_SECS: i64 = 86_400;
