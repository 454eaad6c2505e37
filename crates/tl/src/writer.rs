use crate::{Encode, VECTOR};

/// The place of a flags word that is filled in while the fields it speaks of are written.
#[derive(Clone, Copy, Debug)]
pub struct FlagsAt(usize);

/// Writes TL values for a session of one layer.
#[derive(Clone, Debug)]
pub struct Writer {
    pub buf: Vec<u8>,
    layer: i32,
}

impl Writer {
    /// `layer`: the newest layer that the reader of these bytes knows.
    pub fn new(layer: i32) -> Self {
        Self { buf: Vec::new(), layer }
    }

    pub fn layer(&self) -> i32 {
        self.layer
    }

    pub fn len(&self) -> usize {
        self.buf.len()
    }

    pub fn is_empty(&self) -> bool {
        self.buf.is_empty()
    }

    /// Takes back everything after the first `length` bytes.
    pub fn truncate(&mut self, length: usize) {
        self.buf.truncate(length);
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.buf
    }

    pub fn u32(&mut self, value: u32) {
        self.buf.extend_from_slice(&value.to_le_bytes());
    }

    pub fn i32(&mut self, value: i32) {
        self.buf.extend_from_slice(&value.to_le_bytes());
    }

    pub fn i64(&mut self, value: i64) {
        self.buf.extend_from_slice(&value.to_le_bytes());
    }

    pub fn f64(&mut self, value: f64) {
        self.buf.extend_from_slice(&value.to_le_bytes());
    }

    pub fn bool(&mut self, value: bool) {
        self.u32(if value { crate::BOOL_TRUE } else { crate::BOOL_FALSE });
    }

    /// Bytes as they are, without length or padding.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.buf.extend_from_slice(bytes);
    }

    /// A TL `bytes`: at most 2^24 - 1 of them, as the form has three bytes for the length.
    ///
    /// Longer values are cut; whoever fills fields keeps them far below (a file part is 512 KiB).
    pub fn bytes(&mut self, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(0x00ff_ffff)];
        let length = bytes.len();
        let head = if length < 254 {
            self.buf.push(length as u8);
            1
        } else {
            self.u32(254 | (length as u32) << 8);
            4
        };
        self.raw(bytes);
        self.raw(&[0; 3][..(4 - (head + length) % 4) % 4]);
    }

    pub fn string(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// Writes `value` over the four bytes at `at`, which were written before.
    pub fn patch_u32(&mut self, at: usize, value: u32) {
        self.buf[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }

    /// Writes a flags word; bits of fields that may turn out inexpressible are [`Writer::set`] later.
    pub fn flags(&mut self, bits: u32) -> FlagsAt {
        let at = FlagsAt(self.buf.len());
        self.u32(bits);
        at
    }

    pub fn set(&mut self, flags: FlagsAt, bit: u8) {
        self.buf[flags.0 + usize::from(bit / 8)] |= 1 << (bit % 8);
    }

    /// Writes `value`, or leaves no trace of it when it has no form in this layer.
    pub fn attempt(&mut self, value: &dyn Encode) -> bool {
        let start = self.buf.len();
        let written = value.encode(self).is_ok();
        if !written {
            self.buf.truncate(start);
        }
        written
    }

    /// Whether `value` has a form in this layer; writes nothing.
    pub fn fits(&mut self, value: &dyn Encode) -> bool {
        let start = self.buf.len();
        let fits = value.encode(self).is_ok();
        self.buf.truncate(start);
        fits
    }

    /// An optional field: its flag bit is set if it could be written.
    pub fn optional(&mut self, flags: FlagsAt, bit: u8, value: &dyn Encode) {
        if self.attempt(value) {
            self.set(flags, bit);
        }
    }

    /// The head of a boxed vector of exactly `count` elements that always have a form.
    pub fn vector(&mut self, count: usize) {
        self.u32(VECTOR);
        self.u32(count as u32);
    }

    /// A boxed vector; elements that have no form in this layer are left out.
    pub fn vector_of<T: Encode>(&mut self, elements: &[T]) {
        self.u32(VECTOR);
        let count_at = self.buf.len();
        self.u32(0);
        let mut count = 0;
        for element in elements {
            count += u32::from(self.attempt(element));
        }
        self.patch_u32(count_at, count);
    }

    pub fn ints(&mut self, elements: &[i32]) {
        self.vector(elements.len());
        for &element in elements {
            self.i32(element);
        }
    }

    pub fn longs(&mut self, elements: &[i64]) {
        self.vector(elements.len());
        for &element in elements {
            self.i64(element);
        }
    }
}
