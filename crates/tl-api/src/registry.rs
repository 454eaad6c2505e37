//! Decoders by name, for tests that walk the whole schema.

use tl::{Decode, DecodeError, Encode, Reader};

/// Decodes a value of one type or function.
pub type DecodeAny = fn(&mut Reader<'_>) -> Result<Box<dyn Encode>, DecodeError>;

fn any<T: Decode + Encode + 'static>(r: &mut Reader<'_>) -> Result<Box<dyn Encode>, DecodeError> {
    T::decode(r).map(|value| Box::new(value) as Box<dyn Encode>)
}

mod generated {
    use super::{DecodeAny, any};
    use crate::{enums as e, types as t};
    include!(concat!(env!("OUT_DIR"), "/registry.rs"));
}

/// By the name of the TL type.
pub const TYPES: &[(&str, DecodeAny)] = generated::TYPES;
/// By the name of the method.
pub const FUNCTIONS: &[(&str, DecodeAny)] = generated::FUNCTIONS;
