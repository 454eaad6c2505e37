use std::fmt;

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{NonZero, Odd, U64, U1024, U2048};
use crypto_primes::hazmat::{SetBits, SmallFactorsSieveFactory};
use crypto_primes::{Flavor, is_prime, sieve_and_find};
use pkcs1::der::asn1::UintRef;
use pkcs1::der::pem::{LineEnding, PemLabel};
use pkcs1::der::{Document, Encode, SecretDocument};
use pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef};
use zeroize::{Zeroize, Zeroizing};

use crate::RandomSource;
use crate::hash::sha1;
use crate::random::Rng;

/// The public exponent. Clients write it in their code.
const E: u32 = 65_537;
const E_BYTES: [u8; 3] = [1, 0, 1];
const E_BITS: u32 = 17;

/// What is wrong with a key or with a number given to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RsaError {
    #[error("not a PKCS#1 PEM file of this kind of key")]
    Pem,
    #[error("the modulus has {bits} bits, not 2048")]
    ModulusSize { bits: u32 },
    #[error("the public exponent is not 65537")]
    Exponent,
    #[error("the parts of the private key do not belong together")]
    Inconsistent,
    #[error("the number is not below the modulus")]
    NotBelowModulus,
    #[error("the result of the private operation is wrong: memory or processor is faulty")]
    Fault,
}

/// A 2048 bit RSA key with exponent 65537, as clients have it.
#[derive(Clone)]
pub struct RsaPublicKey {
    modulus: FixedMontyParams<{ U2048::LIMBS }>,
    fingerprint: i64,
}

impl RsaPublicKey {
    fn new(modulus: &U2048) -> Result<Self, RsaError> {
        let bits = modulus.bit_width();
        if bits != 2048 {
            return Err(RsaError::ModulusSize { bits });
        }
        let odd = Odd::new(*modulus).into_option().ok_or(RsaError::Inconsistent)?;
        let bytes = modulus.to_be_bytes();
        // The bare `rsa_public_key n:string e:string`: both with their TL length, no padding needed.
        let hash = sha1(&[&[0xfe, 0, 1, 0], bytes.as_ref(), &[3], &E_BYTES]);
        let fingerprint = i64::from_le_bytes(hash[12..].try_into().expect("eight bytes"));
        Ok(Self { modulus: FixedMontyParams::new(odd), fingerprint })
    }

    /// Reads "BEGIN RSA PUBLIC KEY" (PKCS#1).
    pub fn from_pem(pem: &str) -> Result<Self, RsaError> {
        let (label, document) = Document::from_pem(pem.trim()).map_err(|_| RsaError::Pem)?;
        let key: RsaPublicKeyRef<'_> = document.decode_msg().map_err(|_| RsaError::Pem)?;
        if label != RsaPublicKeyRef::PEM_LABEL {
            return Err(RsaError::Pem);
        }
        if key.public_exponent.as_bytes() != E_BYTES {
            return Err(RsaError::Exponent);
        }
        Self::new(&uint(key.modulus)?)
    }

    /// The key as a PKCS#1 PEM of exactly 425 bytes, without a final newline: that is the form that
    /// stands in the binaries of clients, where another key of the same length can take its place.
    pub fn to_pem(&self) -> String {
        let modulus = self.modulus().to_be_bytes();
        let key =
            RsaPublicKeyRef { modulus: uint_ref(modulus.as_ref()), public_exponent: uint_ref(&E_BYTES) };
        let document = Document::encode_msg(&key).expect("a key of fixed size encodes");
        let pem = document.to_pem(RsaPublicKeyRef::PEM_LABEL, LineEnding::LF).expect("DER fits PEM");
        pem.trim_end().to_owned()
    }

    /// The lower 64 bits of the SHA-1 of the key's TL form: how the protocol names keys.
    pub fn fingerprint(&self) -> i64 {
        self.fingerprint
    }

    fn modulus(&self) -> &U2048 {
        self.modulus.modulus().as_ref()
    }

    /// block^e mod n, all big-endian.
    pub fn encrypt(&self, block: &[u8; 256]) -> Result<[u8; 256], RsaError> {
        let value = U2048::from_be_slice(block);
        if value >= *self.modulus() {
            return Err(RsaError::NotBelowModulus);
        }
        Ok(to_bytes(&self.raise(&value)))
    }

    fn raise(&self, value: &U2048) -> U2048 {
        FixedMontyForm::new(value, &self.modulus).pow_bounded_exp(&U64::from_u32(E), E_BITS).retrieve()
    }
}

impl fmt::Debug for RsaPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPublicKey({:016x})", self.fingerprint)
    }
}

/// One prime of the private key and the exponent that belongs to it.
#[derive(Clone)]
struct Half {
    prime: FixedMontyParams<{ U1024::LIMBS }>,
    /// The private exponent modulo prime - 1.
    exponent: U1024,
}

impl Half {
    fn new(prime: U1024) -> Result<Self, RsaError> {
        let order = NonZero::new(prime.wrapping_sub(&U1024::ONE)).into_option();
        let exponent = U1024::from_u32(E).invert_mod(&order.ok_or(RsaError::Inconsistent)?).into_option();
        let odd = Odd::new(prime).into_option().ok_or(RsaError::Inconsistent)?;
        Ok(Self { prime: FixedMontyParams::new(odd), exponent: exponent.ok_or(RsaError::Inconsistent)? })
    }

    fn prime(&self) -> &U1024 {
        self.prime.modulus().as_ref()
    }

    /// `value` modulo the prime, ready for multiplication.
    fn reduce<const LIMBS: usize>(
        &self,
        value: &crypto_bigint::Uint<LIMBS>,
    ) -> FixedMontyForm<{ U1024::LIMBS }> {
        FixedMontyForm::new(&value.rem(self.prime.modulus().as_nz_ref()), &self.prime)
    }
}

/// The server's key. Every operation takes the same time whatever the key and the number are.
#[derive(Clone)]
pub struct RsaPrivateKey {
    public: RsaPublicKey,
    p: Half,
    q: Half,
    /// q^-1 modulo p.
    q_inverse: FixedMontyForm<{ U1024::LIMBS }>,
}

impl RsaPrivateKey {
    /// A new key. Takes seconds at worst.
    pub fn generate(random: &mut dyn RandomSource) -> Self {
        loop {
            let (p, q) = (random_prime(random), random_prime(random));
            // An equal pair, or a prime that e divides into: as good as never, and then once more.
            if let Ok(key) = Self::from_primes(&p, &q) {
                return key;
            }
        }
    }

    fn from_primes(p: &U1024, q: &U1024) -> Result<Self, RsaError> {
        if p == q {
            return Err(RsaError::Inconsistent);
        }
        let public = RsaPublicKey::new(&p.concatenating_mul(q))?;
        let (p, q) = (Half::new(*p)?, Half::new(*q)?);
        let q_inverse = p.reduce(q.prime()).invert().into_option().ok_or(RsaError::Inconsistent)?;
        Ok(Self { public, p, q, q_inverse })
    }

    /// Reads "BEGIN RSA PRIVATE KEY" (PKCS#1). Only modulus, exponent and primes are taken from the
    /// file; the rest is computed again, so that a damaged file cannot make wrong (and telling) results.
    pub fn from_pem(pem: &str) -> Result<Self, RsaError> {
        let (label, document) = SecretDocument::from_pem(pem.trim()).map_err(|_| RsaError::Pem)?;
        let key: RsaPrivateKeyRef<'_> = document.decode_msg().map_err(|_| RsaError::Pem)?;
        if label != RsaPrivateKeyRef::PEM_LABEL {
            return Err(RsaError::Pem);
        }
        if key.public_exponent.as_bytes() != E_BYTES {
            return Err(RsaError::Exponent);
        }
        let modulus = uint(key.modulus)?;
        let (p, q) = (half(key.prime1)?, half(key.prime2)?);
        let parsed = Self::from_primes(&p, &q)?;
        if *parsed.public.modulus() != modulus || !is_prime(Flavor::Any, &*p) || !is_prime(Flavor::Any, &*q) {
            return Err(RsaError::Inconsistent);
        }
        Ok(parsed)
    }

    /// The key as a PKCS#1 PEM file.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let (p, q) = (self.p.prime(), self.q.prime());
        let order = p.wrapping_sub(&U1024::ONE).concatenating_mul(&q.wrapping_sub(&U1024::ONE));
        let order = NonZero::new(order).expect("both primes are above 1");
        let d = Zeroizing::new(
            U2048::from_u32(E).invert_mod(&order).into_option().expect("e is prime to both orders"),
        );
        let secret = [p, q, &self.p.exponent, &self.q.exponent, &self.q_inverse.retrieve()]
            .map(|number| Zeroizing::new(number.to_be_bytes().as_ref().to_vec()));
        let (modulus, d) = (self.public.modulus().to_be_bytes(), Zeroizing::new(to_bytes(&d)));
        let key = RsaPrivateKeyRef {
            modulus: uint_ref(modulus.as_ref()),
            public_exponent: uint_ref(&E_BYTES),
            private_exponent: uint_ref(&*d),
            prime1: uint_ref(&secret[0]),
            prime2: uint_ref(&secret[1]),
            exponent1: uint_ref(&secret[2]),
            exponent2: uint_ref(&secret[3]),
            coefficient: uint_ref(&secret[4]),
            other_prime_infos: None,
        };
        let der = Zeroizing::new(key.to_der().expect("a key of fixed size encodes"));
        let document = SecretDocument::try_from(&der[..]).expect("what was encoded is DER");
        document.to_pem(RsaPrivateKeyRef::PEM_LABEL, LineEnding::LF).expect("DER fits PEM")
    }

    pub fn public(&self) -> &RsaPublicKey {
        &self.public
    }

    /// block^d mod n, all big-endian: by its two halves, four times as fast as at once. The result is
    /// raised again and compared, because one wrong half would give the factors away.
    pub fn decrypt(&self, block: &[u8; 256]) -> Result<Zeroizing<[u8; 256]>, RsaError> {
        let value = U2048::from_be_slice(block);
        if value >= *self.public.modulus() {
            return Err(RsaError::NotBelowModulus);
        }
        let p = self.p.reduce(&value).pow(&self.p.exponent);
        let q = Zeroizing::new(self.q.reduce(&value).pow(&self.q.exponent).retrieve());
        let h = Zeroizing::new(p.sub(&self.p.reduce(&*q)).mul(&self.q_inverse).retrieve());
        let product: U2048 = h.concatenating_mul(self.q.prime());
        let result = Zeroizing::new(product.wrapping_add(&q.resize()));
        if self.public.raise(&result) != value {
            return Err(RsaError::Fault);
        }
        Ok(Zeroizing::new(to_bytes(&result)))
    }
}

impl Drop for RsaPrivateKey {
    fn drop(&mut self) {
        for half in [&mut self.p, &mut self.q] {
            half.prime.zeroize();
            half.exponent.zeroize();
        }
        self.q_inverse.zeroize();
    }
}

impl fmt::Debug for RsaPrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RsaPrivateKey({:016x})", self.public.fingerprint)
    }
}

/// A prime of 1024 bits whose two highest bits are set, so that the product of two has 2048.
fn random_prime(random: &mut dyn RandomSource) -> Zeroizing<U1024> {
    let sieve = SmallFactorsSieveFactory::new(Flavor::Any, 1024, SetBits::TwoMsb);
    let prime = sieve_and_find(&mut Rng(random), sieve.expect("1024 bits are enough for a prime"), |_, n| {
        is_prime(Flavor::Any, n)
    });
    Zeroizing::new(prime.expect("1024 bits fit the number").expect("the sieve does not end"))
}

fn uint(number: UintRef<'_>) -> Result<U2048, RsaError> {
    let bytes = number.as_bytes();
    if bytes.len() != 256 {
        let bits = 8 * u32::try_from(bytes.len()).unwrap_or(u32::MAX / 8);
        return Err(RsaError::ModulusSize { bits });
    }
    Ok(U2048::from_be_slice(bytes))
}

fn half(number: UintRef<'_>) -> Result<Zeroizing<U1024>, RsaError> {
    let bytes = number.as_bytes();
    if bytes.len() != 128 {
        return Err(RsaError::Inconsistent);
    }
    Ok(Zeroizing::new(U1024::from_be_slice(bytes)))
}

fn uint_ref(bytes: &[u8]) -> UintRef<'_> {
    UintRef::new(bytes).expect("a few hundred bytes fit DER")
}

fn to_bytes(value: &U2048) -> [u8; 256] {
    let encoded = value.to_be_bytes();
    let bytes: &[u8] = encoded.as_ref();
    bytes.try_into().expect("2048 bits are 256 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::seeded;
    use crate::testing::{KNOWN_PUBLIC, OPENSSL_PRIVATE, OPENSSL_PUBLIC, test_key};

    #[test]
    fn fingerprint_of_a_published_key() {
        let key = RsaPublicKey::from_pem(KNOWN_PUBLIC).unwrap();
        // The sample's wire bytes are 216BE86C022BB4C3.
        assert_eq!(key.fingerprint(), 0xc3b4_2b02_6ce8_6b21_u64 as i64);
        assert_eq!(key.to_pem(), KNOWN_PUBLIC.trim());
    }

    /// Rule 3 of the clients: another key must fit in place of theirs.
    #[test]
    fn rule_03_the_public_pem_is_425_bytes() {
        let pem = test_key().public().to_pem();
        assert_eq!(pem.len(), 425);
        assert!(pem.starts_with("-----BEGIN RSA PUBLIC KEY-----\n"));
        assert!(pem.ends_with("\n-----END RSA PUBLIC KEY-----"));
        for form in [pem.clone(), format!("{pem}\n"), format!("\n{}\r\n", pem.replace('\n', "\r\n"))] {
            assert_eq!(
                RsaPublicKey::from_pem(&form).unwrap().fingerprint(),
                test_key().public().fingerprint()
            );
        }
    }

    #[test]
    fn files_of_another_program() {
        let private = RsaPrivateKey::from_pem(OPENSSL_PRIVATE).unwrap();
        assert_eq!(private.public().to_pem(), OPENSSL_PUBLIC.trim());
        let again = RsaPrivateKey::from_pem(&private.to_pem()).unwrap();
        assert_eq!(again.public().fingerprint(), private.public().fingerprint());
    }

    #[test]
    fn a_new_key_works_and_survives_its_file() {
        let mut random = seeded(5);
        let key = RsaPrivateKey::generate(&mut random);
        let again = RsaPrivateKey::from_pem(&key.to_pem()).unwrap();
        for _ in 0..5 {
            let mut block = [0; 256];
            random(&mut block[1..]);
            let sealed = key.public().encrypt(&block).unwrap();
            assert_ne!(sealed, block);
            assert_eq!(*key.decrypt(&sealed).unwrap(), block);
            assert_eq!(*again.decrypt(&sealed).unwrap(), block);
        }
        for block in [[0; 256], {
            let mut one = [0; 256];
            one[255] = 1;
            one
        }] {
            assert_eq!(*key.decrypt(&block).unwrap(), block);
        }
    }

    #[test]
    fn numbers_from_the_modulus_on_are_refused() {
        let key = test_key();
        let modulus = to_bytes(key.public().modulus());
        assert_eq!(key.decrypt(&modulus), Err(RsaError::NotBelowModulus));
        assert_eq!(key.public().encrypt(&[0xff; 256]), Err(RsaError::NotBelowModulus));
        let below = to_bytes(&key.public().modulus().wrapping_sub(&U2048::ONE));
        assert_eq!(*key.decrypt(&below).unwrap(), below);
    }

    #[test]
    fn a_wrong_half_is_noticed() {
        let mut key = test_key().clone();
        key.p.exponent = key.p.exponent.wrapping_add(&U1024::ONE);
        assert_eq!(key.decrypt(&[7; 256]), Err(RsaError::Fault));
    }

    #[test]
    fn keys_that_are_no_keys() {
        let check = |pem: &str, expected| assert_eq!(RsaPrivateKey::from_pem(pem).unwrap_err(), expected);
        check("", RsaError::Pem);
        check(OPENSSL_PUBLIC, RsaError::Pem);
        assert_eq!(RsaPublicKey::from_pem(OPENSSL_PRIVATE).unwrap_err(), RsaError::Pem);
        assert_eq!(
            RsaPublicKey::from_pem(crate::testing::PUBLIC_1024).unwrap_err(),
            RsaError::ModulusSize { bits: 1024 }
        );
        assert_eq!(RsaPublicKey::from_pem(crate::testing::PUBLIC_E3).unwrap_err(), RsaError::Exponent);
        let key = test_key();
        let p = key.p.prime();
        assert_eq!(RsaPrivateKey::from_primes(p, p).unwrap_err(), RsaError::Inconsistent);
        assert_eq!(
            RsaPrivateKey::from_primes(p, &U1024::from_u32(3)).unwrap_err(),
            RsaError::ModulusSize { bits: 1026 }
        );
    }

    #[test]
    fn nothing_secret_is_printed() {
        assert!(format!("{:?}", test_key()).len() < 40);
    }
}
