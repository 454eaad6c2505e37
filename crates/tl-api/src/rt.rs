//! What the generated code speaks of, under short names.

pub(crate) use std::fmt::{self, Debug, Formatter};

pub(crate) use tl::{Decode, DecodeError, Encode, Inexpressible, Reader, Writer};

pub(crate) use crate::methods::Method;
pub(crate) use crate::{convert as c, enums as e, types as t};

pub(crate) type R<T> = Result<T, DecodeError>;
pub(crate) type E = Result<(), Inexpressible>;

/// Writes a constructor without fields: the id that it has in the writer's layer.
pub(crate) fn unit(w: &mut Writer, forms: &[(i32, i32, u32)]) -> E {
    let layer = w.layer().clamp(crate::LAYERS[0], crate::LAYERS[crate::LAYERS.len() - 1]);
    for &(first, last, id) in forms {
        if (first..=last).contains(&layer) {
            w.u32(id);
            return Ok(());
        }
    }
    Err(Inexpressible)
}
