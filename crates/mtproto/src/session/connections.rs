use crate::limits::{HTTP_MAX_DELAY_MAX, HTTP_MAX_WAIT_DEFAULT, HTTP_MAX_WAIT_MAX, HTTP_WAIT_AFTER_MAX};

/// Names a connection of a session. Chosen by the gateway, unique while the connection lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// How a connection carries packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionKind {
    /// TCP or WebSocket: packets at any time in both directions.
    Stream,
    /// One HTTP request, answered by exactly one packet.
    Http,
}

pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) kind: ConnectionKind,
    /// A message that was no replay has come over it. Until then it gets only what answers its own messages:
    /// whoever plays recorded packets back must not draw the session's messages to himself.
    pub(super) active: bool,
    /// Of `ping_delay_disconnect`.
    pub(super) disconnect_at: Option<i64>,
    pub(super) wait: HttpWait,
    pub(super) wake: Wake,
}

/// Whether the gateway knows that a connection has something to transmit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    /// There is nothing, as far as is known.
    Idle,
    /// There is something, and the gateway has to be told.
    Due,
    /// The gateway was told, and has not asked yet.
    Told,
}

impl Connection {
    pub(super) fn new(id: ConnectionId, kind: ConnectionKind, now: i64) -> Self {
        Self { id, kind, active: false, disconnect_at: None, wait: HttpWait::new(now), wake: Wake::Idle }
    }
}

/// When an HTTP request is answered.
///
/// Source: MTProto, "Service messages", "HTTP wait/long poll".
#[derive(Clone, Copy)]
pub(super) struct HttpWait {
    opened: i64,
    max_delay: i64,
    wait_after: i64,
    max_wait: i64,
    /// The client sent `http_wait`: this is the request that it keeps open for news.
    pub(super) asked: bool,
}

impl HttpWait {
    fn new(opened: i64) -> Self {
        Self { opened, max_delay: 0, wait_after: 0, max_wait: HTTP_MAX_WAIT_DEFAULT, asked: false }
    }

    pub(super) fn ask(&mut self, max_delay: i32, wait_after: i32, max_wait: i32) {
        self.max_delay = i64::from(max_delay).clamp(0, HTTP_MAX_DELAY_MAX);
        self.wait_after = i64::from(wait_after).clamp(0, HTTP_WAIT_AFTER_MAX);
        self.max_wait = i64::from(max_wait).clamp(0, HTTP_MAX_WAIT_MAX);
        self.asked = true;
    }

    /// When to answer. `queued` is when the first and the last of the waiting messages came. `asks`: queries
    /// of the request itself run. A request that is not kept open for news waits for all their answers: its
    /// client looks for them in this response, and may not send another one soon.
    pub(super) fn due(&self, queued: Option<(i64, i64)>, asks: bool) -> i64 {
        let empty = self.opened + self.max_wait;
        match queued.filter(|_| self.asked || !asks) {
            None => empty,
            Some((first, last)) => {
                let first = first.max(self.opened);
                (first + self.max_delay).min(last.max(self.opened) + self.wait_after).min(empty)
            }
        }
    }
}
