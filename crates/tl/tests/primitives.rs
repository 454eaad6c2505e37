//! The bare forms, their limits, and what damaged bytes give.

use tl::service::{FutureSalt, FutureSalts, MsgsAck, PqInnerData, PqInnerDataDc, ResPq};
use tl::{Decode, DecodeError, Encode, NESTING_MAX, Reader, Writer};

/// Encodes, compares with the bytes if given, decodes again, and tries every shorter prefix.
fn check<T: Encode + Decode + PartialEq + std::fmt::Debug>(value: &T, wire: Option<&[u8]>) {
    let bytes = value.to_bytes(0).expect("encodes");
    if let Some(wire) = wire {
        assert_eq!(bytes, wire);
    }
    assert_eq!(bytes.len() % 4, 0);
    assert_eq!(&T::from_bytes(&bytes).expect("decodes"), value);
    for cut in 0..bytes.len() {
        assert!(T::from_bytes(&bytes[..cut]).is_err(), "a prefix of {cut} bytes");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(T::from_bytes(&longer), Err(DecodeError::Trailing { count: 1 }));
}

#[test]
fn numbers_and_bools() {
    check(&-2i32, Some(&[0xfe, 0xff, 0xff, 0xff]));
    check(&i64::MIN, Some(&[0, 0, 0, 0, 0, 0, 0, 0x80]));
    check(&1.5f64, Some(&[0, 0, 0, 0, 0, 0, 0xf8, 0x3f]));
    check(&true, Some(&[0xb5, 0x75, 0x72, 0x99]));
    check(&false, Some(&[0x37, 0x97, 0x79, 0xbc]));
}

#[test]
fn strings_are_padded_to_four() {
    check(&String::new(), Some(&[0, 0, 0, 0]));
    check(&"abc".to_owned(), Some(b"\x03abc"));
    check(&"abcd".to_owned(), Some(b"\x04abcd\0\0\0"));
    for length in (0..600).chain([65_535, 100_000]) {
        check(&vec![7u8; length], None);
    }
    let long = vec![1u8; 254].to_bytes(0).unwrap();
    assert_eq!(&long[..4], &[254, 254, 0, 0]);
}

#[test]
fn vectors() {
    check(&vec![1i64, 2], Some(b"\x15\xc4\xb5\x1c\x02\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0"));
    check(&vec!["a".to_owned(), String::new()], None);
    check(&vec![vec![1u8], vec![]], None);
    check(&Vec::<i32>::new(), None);
}

#[test]
fn not_utf8_is_refused_as_a_string_only() {
    let bytes = [2, 0xff, 0xff, 0];
    assert_eq!(String::from_bytes(&bytes), Err(DecodeError::Utf8));
    assert_eq!(Vec::<u8>::from_bytes(&bytes), Ok(vec![0xff, 0xff]));
}

#[test]
fn lengths_are_checked_before_allocation() {
    // A vector of 2^32 - 1 elements, a string of 16 MB, the reserved length mark.
    let vector = [0x15, 0xc4, 0xb5, 0x1c, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    let expected = Err(DecodeError::VectorTooLong { count: u32::MAX, remaining: 4 });
    assert_eq!(Vec::<i32>::from_bytes(&vector), expected);
    let expected = Err(DecodeError::Truncated { missing: 0x00ff_ffff });
    assert_eq!(Vec::<u8>::from_bytes(&[254, 0xff, 0xff, 0xff]), expected);
    assert!(Vec::<u8>::from_bytes(&[255; 300]).is_err());
}

#[test]
fn nesting_has_a_limit() {
    let mut reader = Reader::new(&[]);
    for _ in 0..NESTING_MAX {
        reader.enter().unwrap();
    }
    assert_eq!(reader.enter(), Err(DecodeError::TooDeep));
    reader.leave();
    assert_eq!(reader.enter(), Ok(()));
}

#[test]
fn flags_are_set_afterwards() {
    let mut writer = Writer::new(0);
    let flags = writer.flags(1);
    writer.optional(flags, 31, &5i32);
    writer.set(flags, 8);
    assert_eq!(writer.buf, [1, 1, 0, 0x80, 5, 0, 0, 0]);
}

#[test]
fn service_types() {
    check(&MsgsAck { msg_ids: vec![1, -1] }, None);
    check(
        &ResPq {
            nonce: [1; 16],
            server_nonce: [2; 16],
            pq: vec![3; 8],
            server_public_key_fingerprints: vec![4],
        },
        None,
    );
    check(&PqInnerData::Dc(PqInnerDataDc { dc: -10_002, ..PqInnerDataDc::default() }), None);
    let salt = FutureSalt { valid_since: 1, valid_until: 2, salt: 3 };
    let salts = FutureSalts { req_msg_id: 9, now: 4, salts: vec![salt; 2] };
    check(&salts, None);
    // id, req_msg_id, now, count, then 16 bytes per salt: nothing is boxed inside.
    assert_eq!(salts.to_bytes(0).unwrap().len(), 4 + 8 + 4 + 4 + 2 * 16);
    assert_eq!(
        PqInnerData::from_bytes(&[1, 0, 0, 0]),
        Err(DecodeError::UnknownConstructor { id: 1, expected: "PqInnerData" })
    );
}
