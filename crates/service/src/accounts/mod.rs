//! Signing in, up and out, and the devices that are signed in.

pub mod admit;
pub mod bind;
pub mod carry;
pub mod deactivation;
pub mod deletion;
pub mod deliver;
pub mod devices;
pub mod email;
pub mod flood;
pub mod keys;
pub mod lifetime;
pub mod login_token;
pub mod presence;
pub mod send_code;
pub mod service_account;
pub mod sign_in;
pub mod sign_out;
pub mod sign_up;
pub mod takeout;
