//! `users.*`: people.

pub mod get_full_user;
pub mod get_is_premium_required_to_contact;
pub mod get_requirements_to_contact;
pub mod get_users;
