//! What a run has to say.

use std::fmt::Write;

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

/// What was seen of one fault.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fault {
    pub(crate) acknowledged: u64,
    /// Answers that left open what happened.
    pub(crate) doubts: u64,
    /// Milliseconds until messages were acknowledged again, at most.
    pub(crate) back_ms: i64,
    pub(crate) log_lines: usize,
    pub(crate) note: String,
}

/// Everything that a run found, as a page of Markdown.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) rounds: Vec<(String, Rounds)>,
    pub(crate) faults: Vec<(String, Fault)>,
}

impl Report {
    pub(crate) fn rounds_table(&self) -> String {
        let mut text =
            "| engine | rounds | acknowledged | edits | deletions | lost | doubled | unanswered: had \
                        happened, had not | down p50, max (ms) |\n|---|---|---|---|---|---|---|---|---|\n"
                .to_owned();
        for (engine, it) in &self.rounds {
            let (down, most) = (it.down_p50(), it.down_max());
            let (had, had_not) = (it.tally.had_happened, it.tally.had_not);
            // A string takes whatever is written to it.
            let _ = writeln!(
                text,
                "| {engine} | {} | {} | {} | {} | 0 | 0 | {had}, {had_not} | {down}, {most} |",
                it.count, it.acknowledged, it.edits, it.deletions
            );
        }
        text
    }

    pub(crate) fn faults_table(&self) -> String {
        let mut text =
            "| fault | acknowledged | lost | doubled | left open | back after (ms) | lines in the log | \
                        what |\n|---|---|---|---|---|---|---|---|\n"
                .to_owned();
        for (name, it) in &self.faults {
            // A string takes whatever is written to it.
            let _ = writeln!(
                text,
                "| {name} | {} | 0 | 0 | {} | {} | {} | {} |",
                it.acknowledged, it.doubts, it.back_ms, it.log_lines, it.note
            );
        }
        text
    }
}
