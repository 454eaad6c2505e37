//! Between wire types and the domain's own.

pub mod from_tl;
pub mod notify;
pub mod privacy;
