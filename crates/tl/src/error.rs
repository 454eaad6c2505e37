/// One variant per way in which bytes can fail to be TL.
///
/// No variant carries content of the message; ids and lengths only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end before the value does.
    #[error("{missing} more bytes are needed")]
    Truncated { missing: usize },
    /// A constructor id that the expected type does not have in any layer.
    #[error("constructor {id:#010x} is not one of {expected}")]
    UnknownConstructor { id: u32, expected: &'static str },
    /// A function id that no layer has.
    #[error("no method has the id {id:#010x}")]
    UnknownMethod { id: u32 },
    /// A vector says it holds more elements than the rest of the bytes can.
    #[error("a vector of {count} elements in {remaining} bytes")]
    VectorTooLong { count: u32, remaining: usize },
    /// A string is not UTF-8.
    #[error("a string is not UTF-8")]
    Utf8,
    /// Objects stand inside each other deeper than [`crate::NESTING_MAX`].
    #[error("objects are nested too deep")]
    TooDeep,
    /// Bytes are left over where the value should have been the last one.
    #[error("{count} bytes after the end")]
    Trailing { count: usize },
    /// `gzip_packed` data is neither gzip nor zlib, or damaged.
    #[error("packed data is damaged")]
    Packed,
    /// `gzip_packed` data unpacks to more than the caller allows.
    #[error("packed data is larger than {limit} bytes unpacked")]
    PackedTooLarge { limit: usize },
}
