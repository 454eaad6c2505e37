//! Randomness as an argument.

use std::sync::Arc;

/// A source of random bytes, fit for keys. The one implementation that asks the system is in the binary.
pub trait Random: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

impl dyn Random + '_ {
    pub fn u64(&self) -> u64 {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    pub fn i64(&self) -> i64 {
        self.u64().cast_signed()
    }

    /// A number in `0..bound`, without bias that would matter (`bound` is far below 2^64).
    pub fn below(&self, bound: u64) -> u64 {
        self.u64() % bound.max(1)
    }

    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }
}

pub type SharedRandom = Arc<dyn Random>;
