//! `auth.*`: codes, sign-in and sign-out.

pub mod bind_temp_auth_key;
pub mod cancel_code;
pub mod log_out;
pub mod resend_code;
pub mod send_code;
pub mod sent_code;
pub mod sign_in;
pub mod sign_up;
