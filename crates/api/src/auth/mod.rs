//! `auth.*`: codes, sign-in and sign-out.

pub mod accept_login_token;
pub mod authorization;
pub mod bind_temp_auth_key;
pub mod cancel_code;
pub mod drop_temp_auth_keys;
pub mod export_authorization;
pub mod export_login_token;
pub mod import_authorization;
pub mod import_login_token;
pub mod log_out;
pub mod login_token;
pub mod resend_code;
pub mod reset_authorizations;
pub mod reset_login_email;
pub mod send_code;
pub mod sent_code;
pub mod sign_in;
pub mod sign_up;
