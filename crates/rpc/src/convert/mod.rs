//! Between wire types and the domain's own.

pub mod from_tl;
