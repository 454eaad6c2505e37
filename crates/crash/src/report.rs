//! What a run has to say.

use crate::check::Tally;
use crate::people::Crowd;

/// The outcome of all rounds on one engine. Without a complaint nothing was lost or doubled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rounds {
    pub(crate) count: usize,
    pub(crate) acknowledged: u64,
    pub(crate) edits: u64,
    pub(crate) deletions: u64,
    /// Sends without an answer: those that had happened, and those that had not.
    pub(crate) tally: Tally,
    /// Milliseconds from the kill to when connections are taken again.
    down_ms: Vec<i64>,
}

impl Rounds {
    pub(crate) fn note(&mut self, down_ms: i64, acknowledged: u64) {
        self.count += 1;
        self.acknowledged += acknowledged;
        self.down_ms.push(down_ms);
    }

    pub(crate) fn finish(&mut self, crowd: &Crowd, tally: &Tally) {
        let record = crowd.record();
        (self.edits, self.deletions, self.tally) = (record.edits, record.deletions, *tally);
        self.down_ms.sort_unstable();
    }

    pub(crate) fn down_p50(&self) -> i64 {
        self.down_ms.get(self.down_ms.len() / 2).copied().unwrap_or_default()
    }

    pub(crate) fn down_max(&self) -> i64 {
        self.down_ms.last().copied().unwrap_or_default()
    }
}
