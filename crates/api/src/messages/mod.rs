//! `messages.*`: dialogs and what is in them.

pub mod delete_scheduled_messages;
pub mod get_default_history_ttl;
pub mod get_dialogs;
pub mod get_history;
pub mod get_scheduled_history;
pub mod get_scheduled_messages;
pub mod outcome;
pub mod send_message;
pub mod send_scheduled_messages;
pub mod set_default_history_ttl;
pub mod set_history_ttl;
