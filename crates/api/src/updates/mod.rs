//! `updates.*`: what a device missed.

pub mod get_difference;
pub mod get_state;
