use crate::{DecodeError, VECTOR};

/// How deep objects of a recursive type may stand inside each other.
///
/// Real clients stay below 20 (formatted pages); the stack of a worker thread allows far more.
pub const NESTING_MAX: u32 = 64;

/// Reads TL values from a byte slice, front to back.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    position: usize,
    depth: u32,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, depth: 0 }
    }

    /// Bytes that are left.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.position
    }

    /// Bytes that were read.
    pub fn position(&self) -> usize {
        self.position
    }

    pub fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// Takes everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.position..];
        self.position = self.bytes.len();
        rest
    }

    /// Takes `count` bytes as they are.
    pub fn raw(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let remaining = self.remaining();
        if count > remaining {
            return Err(DecodeError::Truncated { missing: count - remaining });
        }
        let taken = &self.bytes[self.position..self.position + count];
        self.position += count;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.raw(N)?);
        Ok(array)
    }

    /// The next four bytes without taking them: the id of the object that follows.
    pub fn peek_u32(&self) -> Result<u32, DecodeError> {
        self.clone().u32()
    }

    pub fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub fn i32(&mut self) -> Result<i32, DecodeError> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    pub fn i64(&mut self) -> Result<i64, DecodeError> {
        Ok(i64::from_le_bytes(self.array()?))
    }

    pub fn f64(&mut self) -> Result<f64, DecodeError> {
        Ok(f64::from_le_bytes(self.array()?))
    }

    pub fn int128(&mut self) -> Result<[u8; 16], DecodeError> {
        self.array()
    }

    pub fn int256(&mut self) -> Result<[u8; 32], DecodeError> {
        self.array()
    }

    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        match self.u32()? {
            crate::BOOL_TRUE => Ok(true),
            crate::BOOL_FALSE => Ok(false),
            id => Err(DecodeError::UnknownConstructor { id, expected: "Bool" }),
        }
    }

    /// A TL `bytes`: one length byte, or 254 and three, then the bytes, padded to four.
    pub fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let [first] = self.array()?;
        let (length, head) = if first == 254 {
            let [a, b, c] = self.array()?;
            (u32::from_le_bytes([a, b, c, 0]) as usize, 4)
        } else if first == 255 {
            // Larger strings were once foreseen with this mark; no schema has them.
            return Err(DecodeError::Truncated { missing: usize::MAX });
        } else {
            (usize::from(first), 1)
        };
        let value = self.raw(length)?;
        self.raw((4 - (head + length) % 4) % 4)?;
        Ok(value)
    }

    pub fn string(&mut self) -> Result<String, DecodeError> {
        match std::str::from_utf8(self.bytes()?) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(DecodeError::Utf8),
        }
    }

    /// The count of a bare vector whose elements take at least `element_size` bytes each.
    pub fn count(&mut self, element_size: usize) -> Result<usize, DecodeError> {
        let count = self.u32()?;
        let remaining = self.remaining();
        if count as usize > remaining / element_size.max(1) {
            return Err(DecodeError::VectorTooLong { count, remaining });
        }
        Ok(count as usize)
    }

    /// The id and count of a boxed vector whose elements take at least `element_size` bytes each.
    pub fn vector(&mut self, element_size: usize) -> Result<usize, DecodeError> {
        match self.u32()? {
            VECTOR => self.count(element_size),
            id => Err(DecodeError::UnknownConstructor { id, expected: "Vector" }),
        }
    }

    /// One level deeper into a recursive type; pairs with [`Reader::leave`].
    pub fn enter(&mut self) -> Result<(), DecodeError> {
        if self.depth == NESTING_MAX {
            return Err(DecodeError::TooDeep);
        }
        self.depth += 1;
        Ok(())
    }

    pub fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Fails if anything is left.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.remaining() {
            0 => Ok(()),
            count => Err(DecodeError::Trailing { count }),
        }
    }
}
