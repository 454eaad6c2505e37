use std::collections::BTreeMap;

use crate::limits::SEEN_MESSAGES_MAX;

/// Which messages a session has received, so that none is processed twice and their numbers are in order.
///
/// Source: MTProto, "Security guidelines", "Checking msg_id"; "Service messages about messages".
#[derive(Default)]
pub(super) struct Incoming {
    seen: BTreeMap<i64, Seen>,
    /// Identifiers up to here were forgotten.
    floor: Option<i64>,
}

/// What is kept of a received message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) seq_no: i32,
    pub(super) container: bool,
    /// An acknowledgement or an answer has gone out.
    pub(super) acknowledged: bool,
}

/// How a message stands to those received before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    New,
    Repeat(Seen),
    /// Too far back to know whether it was received.
    Forgotten,
    /// A message before it has a number that is higher, or equal and odd.
    SeqNoTooLow,
    /// A message after it has a number that is lower, or equal and odd.
    SeqNoTooHigh,
}

impl Incoming {
    pub(super) fn judge(&self, msg_id: i64, seq_no: i32) -> Verdict {
        if let Some(seen) = self.seen.get(&msg_id) {
            return Verdict::Repeat(*seen);
        }
        if self.floor.is_some_and(|floor| msg_id <= floor) {
            return Verdict::Forgotten;
        }
        // Numbers never fall along the identifiers, so that the neighbours speak for all.
        let clash = |lower: i32, higher: i32| lower > higher || (lower == higher && lower & 1 == 1);
        let before = self.seen.range(..msg_id).next_back();
        if before.is_some_and(|(_, before)| clash(before.seq_no, seq_no)) {
            return Verdict::SeqNoTooLow;
        }
        let after = self.seen.range(msg_id..).next();
        if after.is_some_and(|(_, after)| clash(seq_no, after.seq_no)) {
            return Verdict::SeqNoTooHigh;
        }
        Verdict::New
    }

    pub(super) fn insert(&mut self, msg_id: i64, seq_no: i32, container: bool) {
        self.seen.insert(msg_id, Seen { seq_no, container, acknowledged: false });
        while self.seen.len() > SEEN_MESSAGES_MAX {
            if let Some((lowest, _)) = self.seen.pop_first() {
                self.floor = Some(lowest);
            }
        }
    }

    pub(super) fn acknowledged(&mut self, msg_id: i64) {
        if let Some(seen) = self.seen.get_mut(&msg_id) {
            seen.acknowledged = true;
        }
    }

    pub(super) fn highest(&self) -> Option<i64> {
        self.seen.last_key_value().map(|(id, _)| *id)
    }

    pub(super) fn get(&self, msg_id: i64) -> Option<Seen> {
        self.seen.get(&msg_id).copied()
    }

    /// What is to be said of a message that is not there: 1 (forgotten), 2 (within what is known) or 3 (higher).
    pub(super) fn state_of_missing(&self, msg_id: i64) -> u8 {
        let highest = self.highest();
        if self.floor.is_some_and(|floor| msg_id <= floor) {
            1
        } else if highest.is_none_or(|highest| msg_id > highest) {
            3
        } else {
            2
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn incoming(messages: &[(i64, i32)]) -> Incoming {
        let mut incoming = Incoming::default();
        for (msg_id, seq_no) in messages {
            incoming.insert(*msg_id, *seq_no, false);
        }
        incoming
    }

    #[test]
    fn numbers_follow_identifiers() {
        let incoming = incoming(&[(40, 1), (80, 3), (120, 6)]);
        for ((msg_id, seq_no), expected) in [
            ((160, 7), Verdict::New),
            ((160, 6), Verdict::New),
            ((160, 5), Verdict::SeqNoTooLow),
            ((100, 5), Verdict::New),
            ((100, 4), Verdict::New),
            ((100, 3), Verdict::SeqNoTooLow),
            ((100, 6), Verdict::New),
            ((100, 7), Verdict::SeqNoTooHigh),
            ((60, 3), Verdict::SeqNoTooHigh),
            ((60, 2), Verdict::New),
            ((20, 0), Verdict::New),
            ((20, 1), Verdict::SeqNoTooHigh),
        ] {
            assert_eq!(incoming.judge(msg_id, seq_no), expected, "{msg_id} {seq_no}");
        }
        assert!(matches!(incoming.judge(80, 3), Verdict::Repeat(_)));
    }

    #[test]
    fn what_was_forgotten_is_not_taken() {
        let mut incoming = Incoming::default();
        for i in 0..=SEEN_MESSAGES_MAX as i64 {
            incoming.insert(i * 4, 0, false);
        }
        assert_eq!(incoming.judge(0, 0), Verdict::Forgotten);
        assert!(matches!(incoming.judge(4, 0), Verdict::Repeat(_)));
        assert_eq!(incoming.judge(6, 0), Verdict::New);
        assert_eq!(incoming.seen.len(), SEEN_MESSAGES_MAX);
        assert_eq!(incoming.state_of_missing(0), 1);
        assert_eq!(incoming.state_of_missing(6), 2);
        assert_eq!(incoming.state_of_missing(i64::MAX), 3);
    }
}
