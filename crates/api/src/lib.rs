//! The methods of the TL API, one file each, in a folder for each namespace.
//!
//! A handler turns a request into a command of `service` (or a view of `updates`, for what only reads) and
//! the outcome into wire types. A new method is one new file, and one line in [`registry`].

pub mod account;
pub mod auth;
pub mod contacts;
pub mod docs;
pub mod help;
pub mod langpack;
pub mod messages;
mod registry;
pub mod stories;
pub mod updates;
pub mod users;
pub mod view;

pub use registry::registry;
