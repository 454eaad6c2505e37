//! What devices are told: fan-out to those that are connected, difference for those that were not,
//! and presence.
//!
//! Every object that a device sees of a box is built by [`render`], for a push, for a difference and
//! for the answer to the device that caused it alike, so that the three cannot disagree.

pub mod contacts;
pub mod content;
pub mod devices;
pub mod dialogs;
pub mod difference;
pub mod draft;
pub mod entities;
pub mod event;
pub mod history;
pub mod hub;
pub mod log;
mod memory;
pub mod message;
pub mod notify;
pub mod offsets;
pub mod people;
pub mod presence;
pub mod privacy;
pub mod profile;
pub mod reactions;
pub mod render;
pub mod rules;
pub mod saved;
pub mod scheduled;
pub mod search;
pub mod settings;

pub use content::Content;
pub use hub::{Hub, Listener, Load, PushTarget};
pub use log::{Event, Origin};
pub use presence::Presence;
pub use store::{Hashes, StoreError, Tx};
