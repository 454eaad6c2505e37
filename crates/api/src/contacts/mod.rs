//! `contacts.*`: whom a user knows.

pub mod import_contacts;
