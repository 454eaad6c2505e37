//! What a connection shows to the sessions that it carries.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use mtproto::session::ConnectionId;
use tokio::sync::Notify;

use crate::limits::{CALL_BYTES_PER_CONNECTION, CALLS_PER_CONNECTION};

/// A handle to a connection's task: to wake it, and to tell it to end.
pub(crate) struct Link {
    pub(crate) id: ConnectionId,
    wake: Notify,
    close: AtomicU8,
    /// Queries that came over this connection and are not answered.
    calls: AtomicUsize,
    /// The bytes of those.
    call_bytes: AtomicUsize,
}

/// How a connection is to end. Later ones win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Close {
    /// Once what is queued is written.
    AfterFlush = 1,
    /// The same, and -404 as the last word: the key is gone.
    KeyGone = 2,
    /// At once: nobody reads.
    Now = 3,
}

impl Link {
    pub(crate) fn new(id: u64) -> Self {
        Self {
            id: ConnectionId(id),
            wake: Notify::new(),
            close: AtomicU8::new(0),
            calls: AtomicUsize::new(0),
            call_bytes: AtomicUsize::new(0),
        }
    }

    /// There is something to transmit, or room for another query.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(crate) fn close(&self, how: Close) {
        self.close.fetch_max(how as u8, Ordering::AcqRel);
        self.wake.notify_one();
    }

    /// Resolves after a [`Link::wake`] or [`Link::close`], also one that came earlier. Cancel-safe.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    pub(crate) fn closing(&self) -> Option<Close> {
        match self.close.load(Ordering::Acquire) {
            0 => None,
            1 => Some(Close::AfterFlush),
            2 => Some(Close::KeyGone),
            _ => Some(Close::Now),
        }
    }

    /// A query of `length` bytes, unpacked, begins; the same is to be said at its end.
    pub(crate) fn call_begins(&self, length: usize) {
        self.calls.fetch_add(1, Ordering::AcqRel);
        self.call_bytes.fetch_add(length, Ordering::AcqRel);
    }

    pub(crate) fn call_ends(&self, length: usize) {
        self.calls.fetch_sub(1, Ordering::AcqRel);
        self.call_bytes.fetch_sub(length, Ordering::AcqRel);
        self.wake.notify_one();
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Acquire)
    }

    /// Whether the connection may bring another query before one is answered.
    pub(crate) fn has_room(&self) -> bool {
        self.calls() < CALLS_PER_CONNECTION
            && self.call_bytes.load(Ordering::Acquire) < CALL_BYTES_PER_CONNECTION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_have_room_by_number_and_by_size() {
        let link = Link::new(1);
        for _ in 0..CALLS_PER_CONNECTION {
            assert!(link.has_room());
            link.call_begins(4);
        }
        assert!(!link.has_room());
        link.call_ends(4);
        assert!(link.has_room());
        link.call_begins(CALL_BYTES_PER_CONNECTION);
        link.call_ends(4);
        assert!(!link.has_room());
        link.call_ends(CALL_BYTES_PER_CONNECTION);
        assert!(link.has_room());
    }
}
