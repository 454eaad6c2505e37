//! Packed objects.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use tl::{DecodeError, gzip};

use super::numbered;
use crate::input::Input;

/// Unpacking stops at its limit, and gives back what was packed.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let limit = [0, 1, 1000, 1 << 20][usize::from(input.u8() % 4)];
    let bytes = input.rest();
    for packed in [bytes.to_vec(), [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], bytes].concat()] {
        match gzip::unpack(&packed, limit) {
            Ok(unpacked) => assert!(unpacked.len() <= limit),
            Err(DecodeError::PackedTooLarge { limit: stated }) => assert_eq!(stated, limit),
            Err(error) => assert_eq!(error, DecodeError::Packed),
        }
    }
    assert_eq!(gzip::unpack(&gzip::pack(bytes), bytes.len()).as_deref(), Ok(bytes));
}

pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let text = b"packed and packed and packed again".repeat(4);
    let mut zlib = ZlibEncoder::new(vec![3], Compression::best());
    zlib.write_all(&text).expect("writes");
    let mut gzip = GzEncoder::new(vec![3], Compression::fast());
    gzip.write_all(&text).expect("writes");
    let mut stored = ZlibEncoder::new(vec![2], Compression::none());
    stored.write_all(&text).expect("writes");
    let mut zeros = GzEncoder::new(vec![3], Compression::best());
    zeros.write_all(&vec![0; 2 << 20]).expect("writes");
    numbered(
        [zlib, stored]
            .map(|e| e.finish().expect("ends"))
            .into_iter()
            .chain([gzip, zeros].map(|e| e.finish().expect("ends"))),
    )
}
