//! `help.*`: what clients ask about the server.

pub mod accept_terms_of_service;
pub mod get_app_config;
pub mod get_app_update;
pub mod get_cdn_config;
pub mod get_config;
pub mod get_countries_list;
pub mod get_invite_text;
pub mod get_nearest_dc;
pub mod get_peer_colors;
pub mod get_peer_profile_colors;
pub mod get_promo_data;
pub mod get_terms_of_service_update;
pub mod json;

/// When clients ask again for what is not there.
const ASK_AGAIN_SECS: i64 = 86_400;
