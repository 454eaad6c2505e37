//! The methods of the TL API, one file each, in a folder for each namespace.
//!
//! A handler turns a request into a command of `service` (or a view of `updates`, for what only reads) and
//! the outcome into wire types. A new method is one new file, and one line in [`registry`]. Beside them: the few
//! web [`Pages`] that people need without an app.

pub mod account;
pub mod auth;
pub mod contacts;
pub mod docs;
pub mod help;
pub mod langpack;
pub mod messages;
mod pages;
mod registry;
pub mod stories;
pub mod updates;
pub mod users;
pub mod view;

pub use pages::Pages;
pub use registry::registry;
