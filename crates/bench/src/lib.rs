//! Measures a server process of one's own over the real protocol.
//!
//! [`scenarios`] is what is measured, [`limits`] what the machine could do at best, [`figures`] and [`table`] what is
//! kept. [`server`] and [`world`] start a server and sign people up as anybody would: crash rounds use them too.

pub mod figures;
pub mod home;
pub mod latencies;
pub mod limits;
pub mod line;
pub mod load;
pub mod postgres;
pub mod scenarios;
pub mod seed;
pub mod server;
pub mod system;
pub mod table;
pub mod text;
pub mod usage;
mod waiting;
pub mod world;
