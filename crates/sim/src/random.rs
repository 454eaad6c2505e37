//! Choices that a seed makes.

use domain::Random;
use domain::testing::SeededRandom;

/// A stream of choices. The same seed makes the same ones.
pub(crate) struct Rng(SeededRandom);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    pub(crate) fn u64(&self) -> u64 {
        (&self.0 as &dyn Random).u64()
    }

    /// A number in `0..bound`; 0 when there is nothing to choose from.
    pub(crate) fn below(&self, bound: u64) -> u64 {
        (&self.0 as &dyn Random).below(bound)
    }

    /// A place in a list of `length`.
    pub(crate) fn index(&self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// Milliseconds in `from..=to`.
    pub(crate) fn millis(&self, from: i64, to: i64) -> i64 {
        from + self.below((to - from + 1).max(1).cast_unsigned()).cast_signed()
    }

    /// True so many times in a thousand.
    pub(crate) fn chance(&self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    pub(crate) fn pick<'a, T>(&self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.index(from.len()))
    }

    /// For whatever takes a filler of bytes.
    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }
}
