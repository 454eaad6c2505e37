//! Diffie-Hellman in the one group this protocol's clients accept.
//!
//! Source: MTProto, "Creating an authorization key" and "Security guidelines", "Diffie-Hellman key
//! exchange".

use std::fmt;
use std::sync::LazyLock;

use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
use crypto_bigint::{Odd, U512, U2048};
use zeroize::{Zeroize, Zeroizing};

use crate::{AuthKey, RandomSource};

/// The generator. Some clients take no other.
pub const G: i32 = 3;

/// `dh_prime`: a safe prime of 2048 bits. Some clients compare it with this one and stop at any other.
const PRIME: U2048 = U2048::from_be_hex(
    "C71CAEB9C6B1C9048E6C522F70F13F73980D40238E3E21C14934D037563D930F\
     48198A0AA7C14058229493D22530F4DBFA336F6E0AC925139543AED44CCE7C37\
     20FD51F69458705AC68CD4FE6B6B13ABDC9746512969328454F18FAF8C595F64\
     2477FE96BB2A941D5BCD1D4AC8CC49880708FA9B378E3C4F3A9060BEE67CF9A4\
     A4A695811051907E162753B56B0F6B410DBA74D8A84B2A14B3144E0EF1284754\
     FD17ED950D5965B4B9DD46582DB1178D169C6BC465B0D6FF9CA3928FEF5B9AE4\
     E418FC15E83EBEA0F87FA9FF5EED70050DED2849F47BF959D956850CE929851F\
     0D8115F635B105EE2E4E15D04B2454BF6F4FADF034B10403119CD8E3B92FCC5B",
);

/// Public values keep this far from 1 and from the prime: 2^(2048-64).
const MARGIN: U2048 = U2048::ONE.shl_vartime(2048 - 64);

static GROUP: LazyLock<FixedMontyParams<{ U2048::LIMBS }>> =
    LazyLock::new(|| FixedMontyParams::new(Odd::new(PRIME).expect("the prime is odd")));

/// What is wrong with a group or a public value that the other side sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DhError {
    #[error("the prime is not the known safe prime")]
    UnknownPrime,
    #[error("{g} does not generate the subgroup of prime order")]
    Generator { g: i32 },
    #[error("a public value of {length} bytes does not fit the group")]
    PublicLength { length: usize },
    #[error("a public value is too close to 1")]
    PublicTooLow,
    #[error("a public value is too close to the prime")]
    PublicTooHigh,
}

/// The prime, big-endian.
pub fn prime() -> &'static [u8; 256] {
    static BYTES: LazyLock<[u8; 256]> = LazyLock::new(|| to_bytes(&PRIME));
    &BYTES
}

/// What a client checks before it uses a group: the prime is the known one (its being a safe prime is
/// proved by a test, not at run time), and `g` is a quadratic residue modulo it.
pub fn check_group(g: i32, prime_be: &[u8]) -> Result<(), DhError> {
    if prime_be != prime() {
        return Err(DhError::UnknownPrime);
    }
    // Of 2..=7, by quadratic reciprocity; a test computes them.
    if [3, 4, 7].contains(&g) { Ok(()) } else { Err(DhError::Generator { g }) }
}

/// Checks that 2^1984 < value < p - 2^1984. Fewer than 256 bytes stand for leading zeros.
pub fn check_public(value_be: &[u8]) -> Result<[u8; 256], DhError> {
    let length = value_be.len();
    let start = 256_usize.checked_sub(length).ok_or(DhError::PublicLength { length })?;
    let mut bytes = [0; 256];
    bytes[start..].copy_from_slice(value_be);
    let value = U2048::from_be_slice(&bytes);
    if value <= MARGIN {
        Err(DhError::PublicTooLow)
    } else if value >= PRIME.wrapping_sub(&MARGIN) {
        Err(DhError::PublicTooHigh)
    } else {
        Ok(bytes)
    }
}

/// One side's secret exponent.
///
/// It has 512 bits. In a group of a safe prime the order's only factors are 2 and (p-1)/2, so nothing
/// is known that finds an exponent of n bits faster than either 2^(n/2) steps (here 2^256) or a
/// discrete logarithm in the whole group (about 2^112 for 2048 bits). RFC 7919, section 5.2, asks
/// for 225 bits at this size. Four times as long as a key as strong as the group, it still
/// takes a quarter of the time of a full one. The bit length itself is no secret: the time taken
/// depends on 512, not on the value.
pub struct DhSecret(U512);

impl DhSecret {
    /// A new secret and g^secret, which passes [`check_public`].
    pub fn generate(random: &mut dyn RandomSource) -> (Self, [u8; 256]) {
        let g = FixedMontyForm::new(&U2048::from_u32(G as u32), &GROUP);
        loop {
            let mut bytes = Zeroizing::new([0; 64]);
            random.fill(&mut *bytes);
            let secret = Self(U512::from_be_slice(&*bytes));
            let public = to_bytes(&g.pow(&secret.0).retrieve());
            // Fails once in 2^63: the loop is for the letter of the rule.
            if check_public(&public).is_ok() {
                return (secret, public);
            }
        }
    }

    /// The shared key: `other_public`^secret. The time taken does not depend on the secret.
    pub fn agree(&self, other_public: &[u8]) -> Result<AuthKey, DhError> {
        let base = U2048::from_be_slice(&check_public(other_public)?);
        let shared = Zeroizing::new(FixedMontyForm::new(&base, &GROUP).pow(&self.0).retrieve());
        Ok(AuthKey::new(&Zeroizing::new(to_bytes(&shared))))
    }
}

impl Drop for DhSecret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for DhSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DhSecret")
    }
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
    use crate::testing::sample;
    use crypto_primes::{Flavor, is_prime};

    #[test]
    fn the_prime_is_a_safe_prime_of_2048_bits() {
        assert_eq!(PRIME.bit_width(), 2048);
        assert!(is_prime(Flavor::Any, &PRIME));
        assert!(is_prime(Flavor::Any, &PRIME.shr_vartime(1)));
    }

    /// g generates the subgroup of prime order q = (p-1)/2 exactly when g^q = 1.
    #[test]
    fn generators_are_the_quadratic_residues() {
        for g in 2..=7 {
            let q = PRIME.shr_vartime(1);
            let power = FixedMontyForm::new(&U2048::from_u32(g), &GROUP).pow(&q).retrieve();
            let expected = if power == U2048::ONE { Ok(()) } else { Err(DhError::Generator { g: g as i32 }) };
            assert_eq!(check_group(g as i32, prime()), expected, "{g}");
        }
        for g in [i32::MIN, -3, 0, 1, 8] {
            assert_eq!(check_group(g, prime()), Err(DhError::Generator { g }));
        }
    }

    #[test]
    fn any_other_prime_is_refused() {
        let mut other = *prime();
        other[255] ^= 2;
        for prime in [&other[..], &prime()[..255], &[], &[prime(), &[0][..]].concat()] {
            assert_eq!(check_group(3, prime), Err(DhError::UnknownPrime));
        }
    }

    #[test]
    fn public_values_keep_their_distance() {
        use DhError::*;
        let high = PRIME.wrapping_sub(&MARGIN);
        for (value, expected) in [
            (U2048::ZERO, Err(PublicTooLow)),
            (U2048::ONE, Err(PublicTooLow)),
            (MARGIN, Err(PublicTooLow)),
            (MARGIN.wrapping_add(&U2048::ONE), Ok(())),
            (high.wrapping_sub(&U2048::ONE), Ok(())),
            (high, Err(PublicTooHigh)),
            (PRIME.wrapping_sub(&U2048::ONE), Err(PublicTooHigh)),
            (PRIME, Err(PublicTooHigh)),
            (U2048::MAX, Err(PublicTooHigh)),
        ] {
            assert_eq!(check_public(&to_bytes(&value)).map(|_| ()), expected, "{value}");
        }
        assert_eq!(check_public(&[1; 257]), Err(PublicLength { length: 257 }));
        assert_eq!(check_public(&[]), Err(PublicTooLow));
        // One byte short: a leading zero left out.
        assert_eq!(check_public(&[9; 255]).unwrap()[..2], [0, 9]);
    }

    #[test]
    fn the_published_sample() {
        let pow = |base: &[u8; 256], exponent: &[u8; 256]| {
            let base = FixedMontyForm::new(&U2048::from_be_slice(base), &GROUP);
            to_bytes(&base.pow(&U2048::from_be_slice(exponent)).retrieve())
        };
        let mut g = [0; 256];
        g[255] = G as u8;
        assert_eq!(pow(&g, &sample::B()), sample::G_B());
        assert_eq!(pow(&sample::G_A(), &sample::B()), sample::AUTH_KEY());
        assert!(check_public(&sample::G_A()).is_ok() && check_public(&sample::G_B()).is_ok());

        let key = AuthKey::new(&sample::AUTH_KEY());
        assert_eq!(key.new_nonce_hash(&sample::NEW_NONCE(), 1), sample::NEW_NONCE_HASH1());
        assert_ne!(key.new_nonce_hash(&sample::NEW_NONCE(), 2), sample::NEW_NONCE_HASH1());
    }

    #[test]
    fn both_sides_agree() {
        let mut random = seeded(3);
        let (a, g_a) = DhSecret::generate(&mut random);
        let (b, g_b) = DhSecret::generate(&mut random);
        assert_ne!(g_a, g_b);
        assert_eq!(a.agree(&g_b).unwrap(), b.agree(&g_a).unwrap());
        assert_eq!(a.agree(&[0; 256]), Err(DhError::PublicTooLow));
        assert_eq!(format!("{a:?}"), "DhSecret");
    }
}
