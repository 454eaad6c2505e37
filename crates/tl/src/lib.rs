//! The TL wire form: a bounded [`Reader`], a [`Writer`] that knows the layer it writes for, and the
//! service types of MTProto ([`service`]).
//!
//! Everything here is fed by strangers. A length is checked against the bytes that are there before
//! anything is allocated, nesting and unpacked sizes have limits, and nothing panics on input.
//!
//! Source: MTProto, "Binary data serialization".

mod codec;
mod error;
pub mod gzip;
mod reader;
pub mod service;
mod writer;

pub use codec::{BOOL_FALSE, BOOL_TRUE, Decode, Encode, Inexpressible, VECTOR};
pub use error::DecodeError;
pub use reader::{NESTING_MAX, Reader};
pub use writer::{FlagsAt, Writer};
