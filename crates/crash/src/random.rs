//! Choices that a seed repeats.

use domain::Random;
use domain::testing::SeededRandom;

pub(crate) struct Dice {
    seed: u64,
    random: SeededRandom,
}

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, random: SeededRandom::new(seed) }
    }

    /// Dice of their own for one part of the run, so that the others' choices do not move them.
    pub(crate) fn branch(&self, part: u64) -> Self {
        // Through the generator once more: parts of parts in another order must not be the same dice.
        let mut mixed = Self::new(self.seed ^ Self::new(part).next());
        Self::new(mixed.next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        let random: &dyn Random = &self.random;
        random.u64()
    }

    /// A number below `bound`; 0 when there is none.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap_or(0)
    }

    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low).max(1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The random ids of messages come from here: two parts with the same dice would be taken for retries.
    #[test]
    fn parts_of_parts_differ() {
        let dice = Dice::new(1);
        let mut seen = BTreeSet::new();
        for outer in 0..40 {
            for inner in 0..40 {
                assert!(seen.insert(dice.branch(outer).branch(inner).next()), "{outer}, {inner}");
            }
        }
    }
}
