//! `users.*`: people.

pub mod get_full_user;
pub mod get_users;
