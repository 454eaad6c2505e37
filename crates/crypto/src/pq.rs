//! The proof of work of the key exchange: the server multiplies two primes, the client finds them.
//!
//! Source: MTProto, "Creating an authorization key", steps 2 and 3. Clients further want `pq` to be
//! exactly eight bytes and below 2^63, and `p` and `q` below 2^32.

use crate::RandomSource;

/// `pq` and its factors, p < q.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Factors {
    pub p: u32,
    pub q: u32,
}

impl Factors {
    /// Two different random primes between 2^30 and 2^31: their product has 61 or 62 bits.
    pub fn generate(random: &mut dyn RandomSource) -> Self {
        let one = random_prime(random);
        loop {
            let other = random_prime(random);
            if other != one {
                return Self { p: one.min(other), q: one.max(other) };
            }
        }
    }

    pub fn product(self) -> u64 {
        u64::from(self.p) * u64::from(self.q)
    }
}

/// What the client sends back for a number: big-endian bytes, with or without leading zeros.
pub fn is_number(bytes_be: &[u8], value: u64) -> bool {
    let start = bytes_be.iter().take_while(|byte| **byte == 0).count();
    let significant = &bytes_be[start..];
    significant.len() <= 8 && significant.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)) == value
}

fn random_prime(random: &mut dyn RandomSource) -> u32 {
    loop {
        let mut bytes = [0; 4];
        random.fill(&mut bytes);
        let candidate = u32::from_le_bytes(bytes) & 0x3fff_ffff | 0x4000_0001;
        if is_prime(u64::from(candidate)) {
            return candidate;
        }
    }
}

/// The factors of a product of two primes, for the client role. `None` when `pq` is not one whose
/// factors fit 32 bits. Takes about 2^16 steps.
pub fn factorize(pq: u64) -> Option<Factors> {
    if pq < 4 || is_prime(pq) {
        return None;
    }
    let p = if pq.is_multiple_of(2) { 2 } else { (1..32).find_map(|c| rho(pq, c))? };
    let (p, q) = (p.min(pq / p), p.max(pq / p));
    let (p, q) = (u32::try_from(p).ok()?, u32::try_from(q).ok()?);
    (is_prime(u64::from(p)) && is_prime(u64::from(q))).then_some(Factors { p, q })
}

/// Pollard's rho as Brent varied it: many differences are multiplied before one gcd is taken.
fn rho(n: u64, c: u64) -> Option<u64> {
    const BATCH: u64 = 128;
    let step = |x: u64| ((u128::from(x) * u128::from(x) + u128::from(c)) % u128::from(n)) as u64;
    let (mut y, mut x, mut start, mut divisor) = (2, 2, 2, 1);
    let mut length = 1;
    while divisor == 1 {
        // For n below 2^64 the smaller factor shows within a few times 2^16 steps.
        if length > 1 << 22 {
            return None;
        }
        x = y;
        for _ in 0..length {
            y = step(y);
        }
        let mut done = 0;
        while done < length && divisor == 1 {
            start = y;
            let mut product = 1;
            for _ in 0..BATCH.min(length - done) {
                y = step(y);
                product = mul_mod(product, x.abs_diff(y), n);
            }
            divisor = gcd(product, n);
            done += BATCH;
        }
        length *= 2;
    }
    if divisor == n {
        // Both factors fell into one batch: walk it again one step at a time.
        loop {
            start = step(start);
            divisor = gcd(x.abs_diff(start), n);
            if divisor != 1 {
                break;
            }
        }
    }
    (divisor != n).then_some(divisor)
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

fn mul_mod(a: u64, b: u64, n: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(n)) as u64
}

/// Miller-Rabin with the bases that decide every number below 2^64.
fn is_prime(n: u64) -> bool {
    const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if n < 2 {
        return false;
    }
    for base in BASES {
        if n.is_multiple_of(base) {
            return n == base;
        }
    }
    let twos = (n - 1).trailing_zeros();
    BASES.iter().all(|base| {
        let (mut power, mut base, mut exponent) = (1, *base, (n - 1) >> twos);
        while exponent > 0 {
            if exponent & 1 == 1 {
                power = mul_mod(power, base, n);
            }
            base = mul_mod(base, base, n);
            exponent >>= 1;
        }
        if power == 1 || power == n - 1 {
            return true;
        }
        (1..twos).any(|_| {
            power = mul_mod(power, power, n);
            power == n - 1
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::seeded;

    #[test]
    fn primes_of_known_kind() {
        for (n, expected) in [
            (0, false),
            (1, false),
            (2, true),
            (37, true),
            (39, false),
            (2_147_483_647, true),
            (3_215_031_751, false), // strong pseudoprime to 2, 3, 5 and 7
            (4_294_967_291, true),
            (18_446_744_073_709_551_557, true),
            (18_446_744_073_709_551_615, false),
        ] {
            assert_eq!(is_prime(n), expected, "{n}");
        }
        assert_eq!((0..1000).filter(|n| is_prime(*n)).count(), 168);
    }

    #[test]
    fn factors_are_found() {
        for (pq, factors) in [
            // The published sample.
            (2_694_724_800_268_887_959, Some((1_513_098_571, 1_780_931_429))),
            (4, Some((2, 2))),
            (6, Some((2, 3))),
            (9, Some((3, 3))),
            (15, Some((3, 5))),
            (4_294_967_291 * 4_294_967_279, Some((4_294_967_279, 4_294_967_291))),
            (4_611_685_975_477_714_963, Some((2_147_483_629, 2_147_483_647))),
            (0, None),
            (1, None),
            (7, None),
            (8, None),
            (2 * 4_294_967_311, None),
        ] {
            assert_eq!(factorize(pq), factors.map(|(p, q)| Factors { p, q }), "{pq}");
        }
    }

    #[test]
    fn generated_numbers_are_what_clients_take() {
        let seed = 11;
        println!("seed {seed}");
        let mut random = seeded(seed);
        for _ in 0..200 {
            let factors = Factors::generate(&mut random);
            assert!(factors.p < factors.q);
            let pq = factors.product();
            assert!(pq < 1 << 63 && pq.to_be_bytes()[0] != 0, "{pq}");
            assert_eq!(factorize(pq), Some(factors));
        }
    }

    #[test]
    fn numbers_come_with_or_without_zeros() {
        assert!(is_number(&[0x5a, 0x30, 0x0d, 0x4b], 1_513_098_571));
        assert!(is_number(&[0, 0, 0, 0, 0, 0x5a, 0x30, 0x0d, 0x4b], 1_513_098_571));
        assert!(is_number(&[], 0));
        assert!(!is_number(&[0x5a, 0x30, 0x0d], 1_513_098_571));
        assert!(!is_number(&[1, 0, 0, 0, 0, 0x5a, 0x30, 0x0d, 0x4b], 1_513_098_571));
        assert!(!is_number(&[0xff; 300], 1));
    }
}
