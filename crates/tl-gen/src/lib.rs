//! Merges the schemas of several layers into one, and generates the Rust types of it.
//!
//! Used by `cargo xtask schema` (the merge) and by the build script of `tl-api` (the generation).

pub mod schema;
