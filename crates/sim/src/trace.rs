//! What happened, as a hash that tells two runs apart, and as text for whoever looks for a cause.

use crate::network::Packet;

const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// The course of a run.
pub(crate) struct Trace {
    hash: u64,
    prints: bool,
    begin: Option<i64>,
}

impl Trace {
    /// `prints`: tell what happens, line by line.
    pub(crate) fn new(prints: bool) -> Self {
        Self { hash: BASIS, prints, begin: None }
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
    }

    /// A packet arrives.
    pub(crate) fn packet(&mut self, now: i64, packet: &Packet) {
        if self.prints {
            let since = now - self.begin.unwrap_or(now);
            let (to, bytes) = (packet.to, packet.bytes.len());
            println!("{:>9.3} . {bytes} bytes over {} to the {to:?}", since as f64 / 1000.0, packet.link);
        }
        self.feed(&now.to_le_bytes());
        self.feed(&packet.link.to_le_bytes());
        self.feed(&packet.bytes);
    }

    /// Something that the steps or the server did.
    pub(crate) fn line(&mut self, now: i64, text: impl FnOnce() -> String) {
        let text = text();
        self.feed(text.as_bytes());
        let begin = *self.begin.get_or_insert(now);
        if self.prints {
            println!("{:>9.3} {text}", (now - begin) as f64 / 1000.0);
        }
    }
}
