//! Which chats make devices ring.

pub mod update;
