//! The cipher of every message.

const BLOCK: usize = 1024;

pub fn bytes_per_s(millis: i64) -> f64 {
    let mut data = vec![7; BLOCK];
    super::rate(millis, || crypto::aes::ige_encrypt(&[1; 32], &[2; 32], std::hint::black_box(&mut data)))
        * BLOCK as f64
}
