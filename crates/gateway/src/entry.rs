//! One session, and the connections that carry it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::Time;
use mtproto::packet::encrypted::Opened;
use mtproto::session::server::{Bounds, Event, ServerSession};
use mtproto::session::{ConnectionId, ConnectionKind, Salts};
use rpc::boundary::SessionRef;
use tokio::sync::{Notify, Semaphore};

use crate::key::Key;
use crate::limits::{
    CALLS_PER_SESSION, CONNECTIONS_PER_SESSION, FRUGAL_BYTES, OUTCOMES_PER_SESSION, STRANGER_QUEUE_BYTES,
    STRANGER_UNACKED_BYTES,
};
use crate::link::{Close, Link};

/// Pushes kept for a session without a connection; when there are more, all of them come by `getDifference`.
const PUSHES_WITHOUT_CONNECTION: usize = 16;
/// `updatesTooLong#e317af7e`, the same in every layer: the client is to fetch the difference.
const UPDATES_TOO_LONG: [u8; 4] = 0xe317_af7e_u32.to_le_bytes();

/// One session: its protocol state, and the connections that carry it.
pub(crate) struct Entry {
    pub(crate) reference: SessionRef,
    pub(crate) key: Arc<Key>,
    state: Mutex<State>,
    /// What is asked of a session by those who must not wait until it has time.
    pub(crate) status: Arc<Status>,
    /// Told whenever a query is answered, for those that `invokeAfterMsg` it.
    pub(crate) answered: Notify,
    /// Places for queries that run.
    pub(crate) places: Semaphore,
}

pub(crate) struct State {
    pub(crate) session: ServerSession,
    links: Vec<Arc<Link>>,
    outcomes: VecDeque<(i64, Outcome)>,
    /// The lowest id that is certain to be in `outcomes` if it was a query at all.
    outcomes_from: i64,
    kept_pushes: usize,
    /// Pushes were taken since they were forgotten last.
    holds_pushes: bool,
    /// A push was dropped of which the client has yet to be told.
    has_missed: bool,
    status: Arc<Status>,
    kept: Kept,
}

/// Changed under the lock of the state, read without it.
#[derive(Default)]
pub(crate) struct Status {
    is_over: AtomicBool,
    links: AtomicUsize,
    /// Of the client's messages that were taken; 0 while there is none.
    highest_msg_id: AtomicI64,
}

impl Status {
    /// Nobody enters the session any more.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Release);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    pub(crate) fn highest_msg_id(&self) -> i64 {
        self.highest_msg_id.load(Ordering::Acquire)
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.links.load(Ordering::Acquire) > 0
    }
}

/// Bytes of messages that sessions keep, all together.
pub(crate) struct Total {
    bytes: AtomicUsize,
    max: usize,
}

impl Total {
    pub(crate) fn new(max: usize) -> Self {
        Self { bytes: AtomicUsize::new(0), max }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// What one session has added to the total.
struct Kept {
    total: Arc<Total>,
    bytes: usize,
}

impl Kept {
    fn set(&mut self, bytes: usize) {
        self.total.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.total.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        self.bytes = bytes;
    }

    fn is_too_much(&self) -> bool {
        self.total.bytes.load(Ordering::Relaxed) > self.total.max
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// What became of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Running,
    Succeeded,
    Failed,
}

/// What a change of a session means for its user's presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attached {
    First,
    Already,
    /// The session ended meanwhile: look it up again.
    Over,
    /// There are enough connections, and this one may be somebody who plays back what was recorded.
    Refused,
}

impl Entry {
    pub(crate) fn new(
        key: &Arc<Key>,
        session_id: i64,
        unique_id: i64,
        salts: Salts,
        total: &Arc<Total>,
        now: Time,
    ) -> Self {
        let mut session = ServerSession::new(key.auth.clone(), session_id, unique_id, salts, now.0);
        session.set_bounds(bounds(key.has_user()));
        let status = Arc::new(Status::default());
        let state = State {
            session,
            status: Arc::clone(&status),
            kept: Kept { total: Arc::clone(total), bytes: 0 },
            links: Vec::new(),
            outcomes: VecDeque::new(),
            // What was asked before this session began here was answered, or is asked again.
            outcomes_from: now.secs() << 32,
            kept_pushes: 0,
            holds_pushes: false,
            has_missed: false,
        };
        Self {
            reference: SessionRef { key_id: key.id(), session_id },
            key: Arc::clone(key),
            state: Mutex::new(state),
            status,
            answered: Notify::new(),
            places: Semaphore::new(CALLS_PER_SESSION),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Makes `link` one of the session's connections, over which `message` came. When there are too many, one
    /// goes that brought nothing but replays, or the oldest if the message is none itself.
    pub(crate) fn attach(
        &mut self,
        now: Time,
        link: &Arc<Link>,
        kind: ConnectionKind,
        message: &Opened<'_>,
    ) -> Attached {
        if self.status.is_over() {
            return Attached::Over;
        }
        let was_empty = self.links.is_empty();
        if !self.links.iter().any(|other| other.id == link.id) {
            if self.links.len() >= CONNECTIONS_PER_SESSION {
                let silent = self.links.iter().position(|link| !self.session.is_active(link.id));
                let Some(at) = silent.or_else(|| self.session.is_fresh(now.0, message).then_some(0)) else {
                    return Attached::Refused;
                };
                let oldest = self.links.remove(at);
                self.session.detach(now.0, oldest.id);
                oldest.close(Close::AfterFlush);
            }
            self.links.push(Arc::clone(link));
            self.status.links.store(self.links.len(), Ordering::Release);
        }
        self.session.attach(now.0, link.id, kind);
        if was_empty { Attached::First } else { Attached::Already }
    }

    /// The client is there again: what is pushed from now on reaches it, and it learns whether it missed
    /// something.
    pub(crate) fn heard(&mut self, now: Time) {
        self.kept_pushes = 0;
        if let Some(msg_id) = self.session.highest_msg_id() {
            self.status.highest_msg_id.store(msg_id, Ordering::Release);
        }
        if std::mem::take(&mut self.has_missed) {
            // Were there no room for it, the session would have ended.
            self.has_missed = self.session.push(now.0, UPDATES_TOO_LONG.to_vec()).is_err();
        }
    }

    /// What was pushed and not acknowledged is not for whoever the client speaks for now.
    pub(crate) fn forget_pushes(&mut self) {
        self.session.forget_pushes();
        self.kept_pushes = 0;
        self.holds_pushes = false;
        self.has_missed = false;
    }

    /// True when it was the last connection.
    pub(crate) fn detach(&mut self, now: Time, id: ConnectionId) -> bool {
        let before = self.links.len();
        self.links.retain(|link| link.id != id);
        self.status.links.store(self.links.len(), Ordering::Release);
        self.session.detach(now.0, id);
        before > 0 && self.links.is_empty() && !self.status.is_over()
    }

    /// To be called after whatever changes the session: wakes the connections that have something to
    /// transmit, closes those that are to be closed, and returns what else there is to do.
    #[must_use]
    pub(crate) fn settle(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Disconnect { connection } => {
                    if let Some(link) = self.link(connection) {
                        link.close(Close::AfterFlush);
                    }
                }
                // Whoever does not read what is sent loses the session, not the server its memory.
                Event::Overflow => self.end(Some(Close::Now)),
                other => events.push(other),
            }
        }
        self.count();
        while let Some(id) = self.session.poll_wake() {
            if let Some(link) = self.link(id) {
                link.wake();
            }
        }
        events
    }

    /// Adds what the session keeps to the total, and less of it when that is too much.
    pub(crate) fn count(&mut self) {
        self.kept.set(self.session.outgoing_bytes());
        if self.kept.is_too_much() && self.kept.bytes > FRUGAL_BYTES {
            self.session.shed(FRUGAL_BYTES);
            self.kept.set(self.session.outgoing_bytes());
        }
    }

    fn link(&self, id: ConnectionId) -> Option<&Arc<Link>> {
        self.links.iter().find(|link| link.id == id)
    }

    pub(crate) fn begin(&mut self, msg_id: i64) {
        if self.outcomes.len() >= OUTCOMES_PER_SESSION
            && let Some((oldest, _)) = self.outcomes.pop_front()
        {
            self.outcomes_from = self.outcomes_from.max(oldest + 1);
        }
        self.outcomes.push_back((msg_id, Outcome::Running));
    }

    pub(crate) fn finish(&mut self, msg_id: i64, outcome: Outcome) {
        if let Some(known) = self.outcomes.iter_mut().rev().find(|(id, _)| *id == msg_id) {
            known.1 = outcome;
        }
    }

    /// How the queries ended, taken together. What is not known yet may still come: it counts as running.
    /// What is too old to be known has ended.
    pub(crate) fn outcome_of(&self, msg_ids: &[i64]) -> Outcome {
        let mut all = Outcome::Succeeded;
        for msg_id in msg_ids {
            let known = self.outcomes.iter().rev().find(|(id, _)| id == msg_id);
            match known.map(|(_, outcome)| *outcome) {
                Some(Outcome::Failed) => return Outcome::Failed,
                Some(Outcome::Succeeded) => {}
                Some(Outcome::Running) => all = Outcome::Running,
                None if *msg_id < self.outcomes_from => {}
                None => all = Outcome::Running,
            }
        }
        all
    }

    /// Sends a boxed object to the client. False when it is dropped.
    pub(crate) fn push(&mut self, now: Time, body: &[u8]) -> bool {
        if self.status.is_over() {
            return false;
        }
        let is_away = self.links.is_empty();
        if (is_away && self.kept_pushes >= PUSHES_WITHOUT_CONNECTION)
            || (self.kept.is_too_much() && self.kept.bytes > FRUGAL_BYTES)
        {
            // Those that are kept go, too. They would reach a client that has fetched the difference meanwhile, and
            // clients take what no `pts` counts (a reaction, a draft) for newer than what they have.
            if std::mem::take(&mut self.holds_pushes) {
                self.session.forget_pushes();
                self.count();
            }
            self.has_missed = true;
            return false;
        }
        self.kept_pushes += usize::from(is_away);
        self.holds_pushes = true;
        let pushed = self.session.push(now.0, body.to_vec()).is_ok();
        if !pushed {
            self.end(Some(Close::Now));
        }
        // Only messages from the client give anything else to do.
        let _ = self.settle();
        pushed
    }

    /// Somebody is signed in, or not: the session keeps what it may.
    pub(crate) fn set_user(&mut self, has_user: bool) {
        self.session.set_bounds(bounds(has_user));
    }

    /// Closes the connections; the session stays.
    pub(crate) fn close(&self, how: Close) {
        for link in &self.links {
            link.close(how);
        }
    }

    pub(crate) fn end(&mut self, how: Option<Close>) {
        self.status.end();
        if let Some(how) = how {
            self.close(how);
        }
    }
}

/// What a session keeps.
fn bounds(has_user: bool) -> Bounds {
    if has_user {
        return Bounds::default();
    }
    Bounds { queue: STRANGER_QUEUE_BYTES, unacked: STRANGER_UNACKED_BYTES }
}
