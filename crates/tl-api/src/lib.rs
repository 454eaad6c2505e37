//! The API's types and functions, one Rust type for all supported layers.
//!
//! - [`types`]: a struct per constructor, in its newest form, with the fields of every layer.
//! - [`enums`]: an enum per type that has several constructors.
//! - [`functions`]: a struct per method.
//!
//! Decoding takes any id of any layer. Encoding takes the writer's layer; what the layer cannot
//! express is left out, replaced by a fallback, or [`tl::Inexpressible`] (`schema/rules.txt`).
//!
//! `Debug` shows names of constructors only, so that no log can show what people write.

mod convert;
mod methods;
mod rt;

#[cfg(feature = "registry")]
pub mod registry;

pub use methods::{
    LAYERS, METHODS, Method, MethodId, MethodInfo, NEWEST_LAYER, RESULT_CHANGES, ResultChange, method_by_id,
    session_layer,
};
pub use tl::{Decode, DecodeError, Encode, Inexpressible, Reader, Writer};

/// Constructors.
pub mod types {
    include!(concat!(env!("OUT_DIR"), "/types.rs"));
}

/// Types with several constructors.
#[expect(clippy::too_many_lines, reason = "a line per constructor of `Update`")]
pub mod enums {
    include!(concat!(env!("OUT_DIR"), "/enums.rs"));
}

/// Methods.
pub mod functions {
    include!(concat!(env!("OUT_DIR"), "/functions.rs"));
}
