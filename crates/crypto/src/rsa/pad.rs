//! The two ways in which clients put the inner data of the key exchange under RSA.
//!
//! Source: MTProto, "Creating an authorization key", step 4.1 (`RSA_PAD`); the older form
//! (SHA-1, data, random bytes) is what many libraries still send.

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use super::{RsaError, RsaPrivateKey, RsaPublicKey};
use crate::RandomSource;
use crate::aes::{ige_decrypt, ige_encrypt};
use crate::hash::{sha1, sha256};

/// `RSA_PAD` takes no more data than this.
pub const DATA_MAX: usize = 144;

/// Data of `RSA_PAD` with its padding.
const PADDED: usize = 192;
/// What follows the hash in the older form: 255 bytes less SHA-1.
const OLD_ROOM: usize = 255 - 20;

/// Which padding the data came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `RSA_PAD`
    Pad,
    /// SHA-1, data, random bytes.
    Old,
}

/// The data of a block whose hash was right. What follows the data (the sender's padding, whose
/// length only the data itself tells) is still there.
pub struct Decoded {
    pub form: Form,
    bytes: Zeroizing<[u8; OLD_ROOM]>,
    length: usize,
}

impl Decoded {
    /// The data, then padding in the case of [`Form::Pad`].
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// Decrypts `block` and takes off whichever padding is there. `old_lengths` are the lengths that data in
/// the older form may have: its hash does not cover the padding, so the length must be known to check it.
///
/// Both forms and all lengths are computed for every block, and nothing of the content is looked at
/// before its hash was right: neither the answer nor the time tells an attacker, who sends changed
/// blocks, how far one got ("Four attacks and a proof for Telegram", 2022, section on key exchange).
pub fn decode(key: &RsaPrivateKey, block: &[u8; 256], old_lengths: &[usize]) -> Option<Decoded> {
    let plain = key.decrypt(block).ok()?;
    let (pad, pad_right) = decode_pad(&plain);
    let (old_length, old_right) = old_length(&plain, old_lengths);

    let mut bytes = Zeroizing::new([0; OLD_ROOM]);
    for (i, byte) in bytes.iter_mut().enumerate() {
        let padded = pad.get(i).copied().unwrap_or(0);
        *byte = u8::conditional_select(&plain[21 + i], &padded, pad_right);
    }
    if !bool::from(pad_right | old_right) {
        return None;
    }
    Some(if pad_right.into() {
        Decoded { form: Form::Pad, bytes, length: PADDED }
    } else {
        Decoded { form: Form::Old, bytes, length: old_length }
    })
}

fn decode_pad(plain: &[u8; 256]) -> (Zeroizing<[u8; PADDED]>, Choice) {
    let mut encrypted: Zeroizing<[u8; 224]> = Zeroizing::new(plain[32..].try_into().expect("224 bytes"));
    let mut temp_key = Zeroizing::new(sha256(&[&*encrypted]));
    for (key, xored) in temp_key.iter_mut().zip(&plain[..32]) {
        *key ^= xored;
    }
    ige_decrypt(&temp_key, &[0; 32], &mut *encrypted);
    let mut data: Zeroizing<[u8; PADDED]> =
        Zeroizing::new(encrypted[..PADDED].try_into().expect("192 bytes"));
    data.reverse();
    let right = sha256(&[&*temp_key, &*data]).ct_eq(&encrypted[PADDED..]);
    (data, right)
}

fn old_length(plain: &[u8; 256], lengths: &[usize]) -> (usize, Choice) {
    let (mut found, mut right) = (0_u64, Choice::from(0));
    for length in lengths {
        let hash = sha1(&[&plain[21..21 + length]]);
        let matches = hash.ct_eq(&plain[1..21]);
        found.conditional_assign(&(*length as u64), matches);
        right |= matches;
    }
    // A block in this form has 255 bytes.
    (found as usize, right & plain[0].ct_eq(&0))
}

/// `RSA_PAD`, for the client role.
///
/// # Panics
/// When `data` is longer than [`DATA_MAX`].
pub fn encode_pad(key: &RsaPublicKey, data: &[u8], random: &mut dyn RandomSource) -> [u8; 256] {
    assert!(data.len() <= DATA_MAX, "the inner data of a key exchange is short");
    let mut padded = Zeroizing::new([0; PADDED]);
    padded[..data.len()].copy_from_slice(data);
    random.fill(&mut padded[data.len()..]);
    loop {
        let mut temp_key = Zeroizing::new([0; 32]);
        random.fill(&mut *temp_key);
        let mut block = Zeroizing::new([0; 256]);
        let (head, body) = block.split_at_mut(32);
        for (to, from) in body.iter_mut().zip(padded.iter().rev()) {
            *to = *from;
        }
        body[PADDED..].copy_from_slice(&sha256(&[&*temp_key, &*padded]));
        ige_encrypt(&temp_key, &[0; 32], body);
        for ((to, hash), key) in head.iter_mut().zip(sha256(&[body])).zip(temp_key.iter()) {
            *to = hash ^ key;
        }
        match key.encrypt(&block) {
            Err(RsaError::NotBelowModulus) => (),
            sealed => return sealed.expect("encryption fails in no other way"),
        }
    }
}

/// The older form, for the client role.
///
/// # Panics
/// When `data` is longer than 235 bytes.
pub fn encode_old(key: &RsaPublicKey, data: &[u8], random: &mut dyn RandomSource) -> [u8; 256] {
    assert!(data.len() <= OLD_ROOM, "the inner data of a key exchange is short");
    let mut block = Zeroizing::new([0; 256]);
    block[1..21].copy_from_slice(&sha1(&[data]));
    block[21..21 + data.len()].copy_from_slice(data);
    random.fill(&mut block[21 + data.len()..]);
    key.encrypt(&block).expect("255 bytes are below a modulus of 256")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::seeded;
    use crate::testing::test_key;

    const LENGTHS: [usize; 3] = [96, 100, 104];

    #[test]
    fn rule_03_both_paddings_are_taken() {
        let mut random = seeded(21);
        let key = test_key();
        for length in LENGTHS {
            let mut data = vec![0; length];
            random(&mut data);
            let pad = decode(key, &encode_pad(key.public(), &data, &mut random), &LENGTHS).unwrap();
            assert_eq!((pad.form, pad.bytes().len(), &pad.bytes()[..length]), (Form::Pad, 192, &data[..]));
            let old = decode(key, &encode_old(key.public(), &data, &mut random), &LENGTHS).unwrap();
            assert_eq!((old.form, old.bytes()), (Form::Old, &data[..]));
        }
        let long = decode(key, &encode_pad(key.public(), &[8; DATA_MAX], &mut random), &LENGTHS);
        assert_eq!(long.unwrap().bytes()[..DATA_MAX], [8; DATA_MAX]);
    }

    /// 2022, fourth attack: a block that is not exactly what a client made decodes to nothing at all.
    #[test]
    fn attack_4_changed_blocks_decode_to_nothing() {
        let seed = 22;
        println!("seed {seed}");
        let mut random = seeded(seed);
        let key = test_key();
        let data = [1; 100];
        for block in
            [encode_pad(key.public(), &data, &mut random), encode_old(key.public(), &data, &mut random)]
        {
            for _ in 0..20 {
                let mut bit = [0; 2];
                random(&mut bit);
                let mut changed = block;
                changed[1 + usize::from(bit[0]) % 255] ^= 1 << (bit[1] % 8);
                assert!(decode(key, &changed, &LENGTHS).is_none());
            }
        }
        for trial in [[0; 256], [0xff; 256]] {
            assert!(decode(key, &trial, &LENGTHS).is_none());
        }
    }

    /// RSA without padding multiplies: a multiple of a good block must not be one again.
    #[test]
    fn attack_4_blocks_cannot_be_multiplied() {
        let mut random = seeded(23);
        let key = test_key();
        let mut two = [0; 256];
        two[255] = 2;
        let factor = key.public().encrypt(&two).unwrap();
        let block = encode_old(key.public(), &[1; 96], &mut random);
        // (m * 2)^e = m^e * 2^e: built by decrypting, doubling and encrypting again.
        let mut plain = *key.decrypt(&block).unwrap();
        let mut carry = 0;
        for byte in plain.iter_mut().rev() {
            let doubled = u16::from(*byte) * 2 + carry;
            *byte = doubled as u8;
            carry = doubled >> 8;
        }
        let product = key.public().encrypt(&plain).unwrap();
        assert_ne!(product, block);
        assert_ne!(product, factor);
        assert!(decode(key, &product, &LENGTHS).is_none());
    }

    /// Data in the older form of a length that no inner data has is not taken, whatever its hash.
    #[test]
    fn old_form_of_another_length_is_refused() {
        let mut random = seeded(24);
        let key = test_key();
        for length in [0, 20, 95, 97, 235] {
            let block = encode_old(key.public(), &vec![3; length], &mut random);
            assert!(decode(key, &block, &LENGTHS).is_none(), "{length}");
        }
    }

    #[test]
    fn the_older_form_has_255_bytes() {
        let key = test_key();
        let mut plain = [0; 256];
        plain[0] = 1;
        plain[1..21].copy_from_slice(&sha1(&[&[0; 96]]));
        let block = key.public().encrypt(&plain).unwrap();
        assert!(decode(key, &block, &LENGTHS).is_none());
    }
}
