//! Signing in, up and out.

pub mod bind;
pub mod flood;
pub mod keys;
pub mod send_code;
pub mod sign_in;
pub mod sign_out;
pub mod sign_up;
