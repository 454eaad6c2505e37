//! `users.*`: people.

pub mod get_users;
