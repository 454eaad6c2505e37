//! `account.*`: the account and its settings.

pub mod change_authorization_settings;
pub mod check_username;
pub mod get_account_ttl;
pub mod get_authorizations;
pub mod get_contact_sign_up_notification;
pub mod get_content_settings;
pub mod get_global_privacy_settings;
pub mod get_notify_exceptions;
pub mod get_notify_settings;
pub mod get_password;
pub mod get_privacy;
pub mod global_privacy;
pub mod reset_authorization;
pub mod reset_notify_settings;
pub mod set_account_ttl;
pub mod set_authorization_ttl;
pub mod set_contact_sign_up_notification;
pub mod set_global_privacy_settings;
pub mod set_privacy;
pub mod update_notify_settings;
pub mod update_profile;
pub mod update_status;
pub mod update_username;
