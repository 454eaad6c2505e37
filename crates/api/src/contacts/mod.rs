//! `contacts.*`: whom a user knows.

pub mod accept_contact;
pub mod add_contact;
pub mod block;
pub mod delete_by_phones;
pub mod delete_contacts;
pub mod get_birthdays;
pub mod get_blocked;
pub mod get_contacts;
pub mod get_saved;
pub mod get_statuses;
pub mod get_top_peers;
pub mod import_contacts;
pub mod reset_saved;
pub mod reset_top_peer_rating;
pub mod resolve_phone;
pub mod resolve_username;
pub mod search;
pub mod set_blocked;
pub mod toggle_top_peers;
pub mod unblock;
pub mod update_contact_note;
