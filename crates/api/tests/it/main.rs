//! The methods against a whole server in this process, on both engines.

mod chat;
mod contacts;
mod dialogs;
mod docs;
mod history;
mod kit;
mod messages;
mod mirror;
mod scheduled;
mod ttl;
mod users;
