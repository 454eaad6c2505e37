//! AES-256 in the two modes of MTProto: IGE for messages, CTR for obfuscation.

use ::aes::Aes256;
use ::aes::Block;
use ::aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, StreamCipher};

/// Bytes in a block.
pub const BLOCK: usize = 16;

/// Encrypts whole blocks in place: infinite garble extension, as OpenSSL has it (the first half of
/// the vector stands for the ciphertext before the first block, the second for the plaintext).
///
/// # Panics
/// When `data` is not whole blocks: callers pad.
pub fn ige_encrypt(key: &[u8; 32], iv: &[u8; 32], data: &mut [u8]) {
    ige::Encryptor::<Aes256>::new(key.into(), iv.into()).encrypt_blocks(blocks(data));
}

/// Decrypts whole blocks in place.
///
/// # Panics
/// When `data` is not whole blocks: callers check the length of what a stranger sent.
pub fn ige_decrypt(key: &[u8; 32], iv: &[u8; 32], data: &mut [u8]) {
    ige::Decryptor::<Aes256>::new(key.into(), iv.into()).decrypt_blocks(blocks(data));
}

fn blocks(data: &mut [u8]) -> &mut [Block] {
    let (blocks, rest) = Block::slice_as_chunks_mut(data);
    assert!(rest.is_empty(), "IGE works on whole blocks");
    blocks
}

/// A key stream that goes on where it stopped, for one direction of an obfuscated connection.
pub struct Ctr(ctr::Ctr128BE<Aes256>);

impl Ctr {
    pub fn new(key: &[u8; 32], iv: &[u8; 16]) -> Self {
        Self(ctr::Ctr128BE::new(key.into(), iv.into()))
    }

    /// Encrypts or decrypts in place.
    pub fn apply(&mut self, data: &mut [u8]) {
        self.0.apply_keystream(data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::seeded;
    use crate::testing::hex;

    /// IGE by its definition, one block at a time, on ECB.
    fn ige_by_definition(key: &[u8; 32], iv: &[u8; 32], plain: &[u8]) -> Vec<u8> {
        use ::aes::cipher::{BlockCipherEncrypt, KeyInit};
        let cipher = Aes256::new(key.into());
        let (mut c, mut m) = (iv[..16].to_vec(), iv[16..].to_vec());
        let mut out = Vec::new();
        for block in plain.chunks(16) {
            let mut x = Block::default();
            for i in 0..16 {
                x[i] = block[i] ^ c[i];
            }
            cipher.encrypt_block(&mut x);
            for i in 0..16 {
                x[i] ^= m[i];
            }
            (c, m) = (x.to_vec(), block.to_vec());
            out.extend_from_slice(&x);
        }
        out
    }

    #[test]
    fn ige_is_its_definition_and_back() {
        let mut random = seeded(1);
        let (mut key, mut iv) = ([0; 32], [0; 32]);
        for blocks in [0, 1, 2, 3, 8, 9, 65] {
            let mut plain = vec![0; blocks * BLOCK];
            random(&mut key);
            random(&mut iv);
            random(&mut plain);
            let mut data = plain.clone();
            ige_encrypt(&key, &iv, &mut data);
            assert_eq!(data, ige_by_definition(&key, &iv, &plain), "{blocks} blocks");
            ige_decrypt(&key, &iv, &mut data);
            assert_eq!(data, plain, "{blocks} blocks");
        }
    }

    #[test]
    #[should_panic = "whole blocks"]
    fn ige_takes_whole_blocks_only() {
        ige_encrypt(&[0; 32], &[0; 32], &mut [0; 15]);
    }

    #[test]
    fn ctr_published_vector_in_pieces() {
        // NIST SP 800-38A, F.5.5.
        let key = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
        let iv = hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
        let mut data = *hex::<64>(
            "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51\
             30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
        );
        let mut ctr = Ctr::new(&key, &iv);
        for piece in [0..1, 1..17, 17..17, 17..64] {
            ctr.apply(&mut data[piece]);
        }
        assert_eq!(
            data,
            *hex::<64>(
                "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5\
                 2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6"
            )
        );
    }
}
