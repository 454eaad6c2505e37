//! `messages.*`: dialogs and what is in them.

pub mod get_dialogs;
pub mod get_history;
pub mod send_message;
