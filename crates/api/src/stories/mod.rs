//! `stories.*`.

pub mod get_all_read_peer_stories;
pub mod get_all_stories;
pub mod get_peer_stories;
