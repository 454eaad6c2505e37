//! The arithmetic of a key exchange.

use crypto::dh::DhSecret;
use domain::Random;

use crate::system::SystemRandom;

/// A number of one's own with its power, and the shared key of it: what a server computes for each client besides one
/// RSA operation.
pub fn per_s(millis: i64) -> f64 {
    let mut random = |bytes: &mut [u8]| SystemRandom.fill(bytes);
    let (_, other) = DhSecret::generate(&mut random);
    super::rate(millis, || {
        let (own, _) = DhSecret::generate(&mut random);
        drop(std::hint::black_box(own.agree(&other)));
    })
}
