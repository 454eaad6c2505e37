//! The methods against a whole server in this process, on both engines.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod abuse;
mod chat;
mod codes;
mod contacts;
mod deletion;
mod devices;
mod dialogs;
mod difference;
mod docs;
mod history;
mod kit;
mod limits;
mod log;
mod many;
mod messages;
mod mirror;
mod nodes;
mod privacy;
mod profile;
mod quotes;
mod reactions;
mod repeated;
mod saved;
mod scheduled;
mod search;
mod sign_in;
mod startup;
mod ttl;
mod users;
mod watchers;
