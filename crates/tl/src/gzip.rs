//! The packed form of objects: `gzip_packed#3072cfa1 packed_data:bytes`.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use flate2::write::GzEncoder;

use crate::DecodeError;

/// `gzip_packed#3072cfa1`
pub const GZIP_PACKED: u32 = 0x3072_cfa1;

/// Unpacks gzip or zlib data (clients send both) of at most `limit` bytes unpacked.
///
/// Memory grows with what is really there and never past `limit`.
pub fn unpack(packed: &[u8], limit: usize) -> Result<Vec<u8>, DecodeError> {
    let mut unpacked = Vec::new();
    // One byte more than allowed tells "exactly the limit" from "more than it".
    let bound = limit as u64 + 1;
    let read = if packed.starts_with(&[0x1f, 0x8b]) {
        MultiGzDecoder::new(packed).take(bound).read_to_end(&mut unpacked)
    } else {
        ZlibDecoder::new(packed).take(bound).read_to_end(&mut unpacked)
    };
    match read {
        _ if unpacked.len() > limit => Err(DecodeError::PackedTooLarge { limit }),
        Ok(_) => Ok(unpacked),
        Err(_) => Err(DecodeError::Packed),
    }
}

/// Packs as gzip, which every client reads (some read nothing else).
pub fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3 + 32), Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("writing to a vector does not fail")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn both_headers_and_the_limit() {
        for size in [0, 1, 1000, 100_000] {
            let plain: Vec<u8> = (0..size).map(|i| (i * i % 251) as u8).collect();
            for packed in [pack(&plain), zlib(&plain)] {
                assert_eq!(unpack(&packed, size).unwrap(), plain);
                if size > 0 {
                    assert_eq!(
                        unpack(&packed, size - 1),
                        Err(DecodeError::PackedTooLarge { limit: size - 1 })
                    );
                    assert_eq!(unpack(&packed[..packed.len() - 1], size), Err(DecodeError::Packed));
                }
            }
        }
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = pack(&vec![0; 64 << 20]);
        assert!(bomb.len() < 1 << 20);
        let limit = 1 << 20;
        assert_eq!(unpack(&bomb, limit), Err(DecodeError::PackedTooLarge { limit }));
    }

    #[test]
    fn damage_is_an_error() {
        for bytes in [&b""[..], b"\x1f\x8b", b"\x78\x9c", b"nothing packed", &[0xff; 40]] {
            assert_eq!(unpack(bytes, 100), Err(DecodeError::Packed), "{bytes:?}");
        }
    }
}
