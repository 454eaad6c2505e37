use std::collections::BTreeMap;

use tl::{DecodeError, Reader};
use tl_gen::schema::{Definition, Ty};

use crate::Layer;

/// What stands in bytes that the layer does not have.
#[derive(Debug, PartialEq)]
pub enum WalkError {
    /// A constructor that the type does not have in the layer.
    Constructor {
        id: u32,
        of: String,
    },
    /// A flag bit that no field of the constructor goes by in the layer.
    FlagBits {
        of: String,
        bits: u32,
    },
    Bytes(DecodeError),
}

impl From<DecodeError> for WalkError {
    fn from(error: DecodeError) -> Self {
        Self::Bytes(error)
    }
}

/// Walks over one value of type `ty`, knowing the definitions of one layer only.
pub fn walk(layer: &Layer, ty: &Ty, bytes: &[u8]) -> Result<(), WalkError> {
    let mut reader = Reader::new(bytes);
    value(layer, ty, &mut reader)?;
    Ok(reader.finish()?)
}

fn value(layer: &Layer, ty: &Ty, r: &mut Reader<'_>) -> Result<(), WalkError> {
    match ty {
        Ty::Flags | Ty::True => (),
        Ty::Int => drop(r.raw(4)?),
        Ty::Long | Ty::Double => drop(r.raw(8)?),
        Ty::Int128 => drop(r.raw(16)?),
        Ty::Int256 => drop(r.raw(32)?),
        Ty::Bool => drop(r.bool()?),
        Ty::String => drop(r.string()?),
        Ty::Bytes => drop(r.bytes()?),
        Ty::Query => drop(r.rest()),
        Ty::Vector(inner) => {
            for _ in 0..r.vector(4)? {
                value(layer, inner, r)?;
            }
        }
        Ty::Named(name) => {
            let id = r.u32()?;
            let known = layer.types.get(name).is_some_and(|ids| ids.contains(&id));
            if !known {
                return Err(WalkError::Constructor { id, of: name.clone() });
            }
            fields(layer, &layer.by_id[&id], r)?;
        }
    }
    Ok(())
}

fn fields(layer: &Layer, definition: &Definition, r: &mut Reader<'_>) -> Result<(), WalkError> {
    let mut words: BTreeMap<&str, u32> = BTreeMap::new();
    for field in &definition.fields {
        if field.ty == Ty::Flags {
            let word = r.u32()?;
            let of_word = definition.fields.iter().filter_map(|f| f.flag.as_ref());
            let named = of_word.filter(|f| f.word == field.name).fold(0, |bits, f| bits | 1u32 << f.bit);
            if word & !named != 0 {
                return Err(WalkError::FlagBits { of: definition.name.clone(), bits: word & !named });
            }
            words.insert(&field.name, word);
        } else if field.flag.as_ref().is_none_or(|f| words[f.word.as_str()] >> f.bit & 1 == 1) {
            value(layer, &field.ty, r)?;
        }
    }
    Ok(())
}
