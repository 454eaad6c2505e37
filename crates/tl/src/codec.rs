use crate::{DecodeError, Reader, Writer};

/// `vector#1cb5c415`
pub const VECTOR: u32 = 0x1cb5_c415;
/// `boolTrue#997275b5`
pub const BOOL_TRUE: u32 = 0x9972_75b5;
/// `boolFalse#bc799737`
pub const BOOL_FALSE: u32 = 0xbc79_9737;

/// A value that has no form in the layer of the writer, and no fallback either.
///
/// What was written of it may stand in the writer: whoever goes on after this error truncates to
/// where the value began ([`Writer::attempt`] does).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value has no form in this layer")]
pub struct Inexpressible;

/// Reads the boxed form of a value: the constructor id, then the fields. Any id of any layer is taken.
pub trait Decode: Sized {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError>;

    /// Decodes a value that takes all of `bytes`.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = Self::decode(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }
}

/// Writes the boxed form of a value as the writer's layer has it.
pub trait Encode {
    fn encode(&self, w: &mut Writer) -> Result<(), Inexpressible>;

    /// The value alone, for a session of `layer`.
    fn to_bytes(&self, layer: i32) -> Result<Vec<u8>, Inexpressible> {
        let mut writer = Writer::new(layer);
        self.encode(&mut writer)?;
        Ok(writer.into_bytes())
    }
}

macro_rules! bare {
    ($($type:ty: |$r:ident| $read:expr, |$value:ident, $w:ident| $write:expr;)*) => { $(
        impl Decode for $type {
            fn decode($r: &mut Reader<'_>) -> Result<Self, DecodeError> {
                $read
            }
        }
        impl Encode for $type {
            fn encode(&self, $w: &mut Writer) -> Result<(), Inexpressible> {
                let $value = self;
                $write;
                Ok(())
            }
        }
    )* };
}

bare! {
    i32: |r| r.i32(), |v, w| w.i32(*v);
    i64: |r| r.i64(), |v, w| w.i64(*v);
    f64: |r| r.f64(), |v, w| w.f64(*v);
    bool: |r| r.bool(), |v, w| w.bool(*v);
    [u8; 16]: |r| r.int128(), |v, w| w.raw(v);
    [u8; 32]: |r| r.int256(), |v, w| w.raw(v);
    String: |r| r.string(), |v, w| w.string(v);
    Vec<u8>: |r| r.bytes().map(<[u8]>::to_vec), |v, w| w.bytes(v);
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        // No element takes less than four bytes. Room is made for no more bytes than are there:
        // an element in memory may be far larger than its shortest form.
        let count = r.vector(4)?;
        let mut elements = Vec::with_capacity(count.min(r.remaining() / size_of::<T>().max(1)));
        for _ in 0..count {
            elements.push(T::decode(r)?);
        }
        Ok(elements)
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, w: &mut Writer) -> Result<(), Inexpressible> {
        w.vector_of(self);
        Ok(())
    }
}

impl<T: Decode> Decode for Box<T> {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        T::decode(r).map(Box::new)
    }
}

impl<T: Encode + ?Sized> Encode for Box<T> {
    fn encode(&self, w: &mut Writer) -> Result<(), Inexpressible> {
        (**self).encode(w)
    }
}
