//! The keys in use and their sessions.
//!
//! Locks: a shard's before an entry's, never the other way round; nothing is awaited and no handler called
//! under either.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{SharedClock, SharedRandom, Time};
use mtproto::session::{SaltSecret, Salts};
use rpc::boundary::{SessionRef, Sessions};
use tokio::sync::Notify;

use crate::entry::{Entry, Total};
use crate::key::Key;
use crate::limits::{
    ENDED_PER_KEY, IDLE_KEY_SECS, IDLE_KEYS, Limits, REPLAY_SECS, SESSIONS_PER_KEY, SESSIONS_PER_STRANGER,
};
use crate::link::Close;

const SHARDS: usize = 64;
/// Sessions that give way at once when there is no room.
const EVICTED_AT_ONCE: usize = 64;

/// All keys and sessions of this node. Cheap to share; knows neither sockets nor handlers.
pub struct Registry {
    shards: Vec<Mutex<HashMap<i64, Slot>>>,
    /// Counts the keys that were dropped or changed hands, so that what was read from the store before is
    /// not taken for true after.
    drops: AtomicU64,
    sessions: AtomicUsize,
    sessions_max: usize,
    outgoing: Arc<Total>,
    session_idle_secs: i64,
    /// Sessions that ended and whose handler was not told yet. Put here before one of the same name can begin.
    gone: Mutex<Vec<SessionRef>>,
    pub(crate) gone_news: Notify,
    salt_secret: SaltSecret,
    clock: SharedClock,
    random: SharedRandom,
}

struct Slot {
    key: Arc<Key>,
    sessions: Vec<Arc<Entry>>,
    used: Time,
    ended: Vec<Ended>,
}

/// A session that ended early: what it took must not be played back to the next one of the same name.
struct Ended {
    session_id: i64,
    msg_id: i64,
    at: Time,
}

impl Slot {
    fn remember(&mut self, entry: &Entry, now: Time) {
        self.ended.retain(|ended| ended.at.plus_secs(REPLAY_SECS) > now);
        if self.ended.len() >= ENDED_PER_KEY {
            self.ended.remove(0);
        }
        let (session_id, msg_id) = (entry.reference.session_id, entry.status.highest_msg_id());
        self.ended.push(Ended { session_id, msg_id, at: now });
    }

    fn ended_at(&self, session_id: i64) -> Option<i64> {
        self.ended.iter().filter(|ended| ended.session_id == session_id).map(|ended| ended.msg_id).max()
    }
}

/// Why there is no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoSession {
    /// There is no room for another one.
    Full,
    /// The key has too many.
    TooMany,
    /// The key left memory since it was looked up: look it up again.
    KeyGone,
}

impl Registry {
    /// `salt_secret`: what server salts are derived from; the same on every node and after a restart.
    pub fn new(limits: &Limits, salt_secret: [u8; 32], clock: SharedClock, random: SharedRandom) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::new(HashMap::new())).collect(),
            drops: AtomicU64::new(0),
            sessions: AtomicUsize::new(0),
            sessions_max: limits.sessions,
            outgoing: Arc::new(Total::new(limits.outgoing_bytes)),
            session_idle_secs: limits.session_idle_secs,
            gone: Mutex::new(Vec::new()),
            gone_news: Notify::new(),
            salt_secret: SaltSecret::new(salt_secret),
            clock,
            random,
        }
    }

    /// Whether somebody is signed in with this very key, temporary or not; its sessions keep what they may.
    pub(crate) fn set_user(&self, key_id: i64, has_user: bool) {
        let entries = self.shard(key_id).get(&key_id).map(|slot| slot.sessions.clone()).unwrap_or_default();
        for entry in entries {
            entry.state().set_user(has_user);
        }
    }

    /// Bytes that wait to be sent or acknowledged, of all sessions.
    pub fn outgoing_bytes(&self) -> usize {
        self.outgoing.bytes()
    }

    /// The sessions at the moment.
    pub fn session_count(&self) -> usize {
        self.sessions.load(Ordering::Relaxed)
    }

    /// A key that is in memory.
    pub(crate) fn key(&self, id: i64, now: Time) -> Option<Arc<Key>> {
        let mut shard = self.shard(id);
        let slot = shard.get_mut(&id)?;
        slot.used = now;
        Some(Arc::clone(&slot.key))
    }

    /// To be asked before the store, and handed to [`Registry::insert`] after.
    pub(crate) fn drops(&self) -> u64 {
        self.drops.load(Ordering::Acquire)
    }

    /// Keeps a key read from the store. `None` when keys were dropped since `drops` was asked: read again.
    pub(crate) fn insert(&self, key: Key, drops: u64, now: Time) -> Option<Arc<Key>> {
        let id = key.id();
        let mut shard = self.shard(id);
        if self.drops() != drops {
            return None;
        }
        let slot = shard.entry(id).or_insert_with(|| Slot {
            key: Arc::new(key),
            sessions: Vec::new(),
            used: now,
            ended: Vec::new(),
        });
        slot.used = now;
        Some(Arc::clone(&slot.key))
    }

    /// The session of this key with this id, made when there is none. When there are too many, some that
    /// nobody is signed in to and nobody is connected to give way.
    pub(crate) fn session(
        &self,
        key: &Arc<Key>,
        session_id: i64,
        now: Time,
    ) -> Result<Arc<Entry>, NoSession> {
        match self.try_session(key, session_id, now) {
            Err(NoSession::Full) if self.evict_strangers(now) => self.try_session(key, session_id, now),
            result => result,
        }
    }

    /// Waits for no session: it stalls everybody whose key lies in the same shard.
    fn try_session(&self, key: &Arc<Key>, session_id: i64, now: Time) -> Result<Arc<Entry>, NoSession> {
        let mut shard = self.shard(key.id());
        let slot = shard.get_mut(&key.id()).ok_or(NoSession::KeyGone)?;
        slot.used = now;
        if let Some(at) = slot.sessions.iter().position(|entry| entry.reference.session_id == session_id) {
            if !slot.sessions[at].status.is_over() {
                return Ok(Arc::clone(&slot.sessions[at]));
            }
            let ended = slot.sessions.swap_remove(at);
            slot.remember(&ended, now);
            self.report_gone([ended.reference]);
        }
        let places = if key.has_user() { SESSIONS_PER_KEY } else { SESSIONS_PER_STRANGER };
        if slot.sessions.len() >= places {
            let oldest = slot.sessions.iter().position(|entry| !entry.status.is_connected());
            let entry = slot.sessions.remove(oldest.ok_or(NoSession::TooMany)?);
            entry.status.end();
            slot.remember(&entry, now);
            self.report_gone([entry.reference]);
        } else if self.sessions.load(Ordering::Relaxed) >= self.sessions_max {
            return Err(NoSession::Full);
        }
        let salts = Salts::new(&self.salt_secret, key.id(), slot.key.salt, slot.key.created_at.0);
        let entry =
            Arc::new(Entry::new(&slot.key, session_id, self.random.i64(), salts, &self.outgoing, now));
        if let Some(msg_id) = slot.ended_at(session_id) {
            entry.state().session.set_ended_at(msg_id);
        }
        slot.sessions.push(Arc::clone(&entry));
        self.sessions.fetch_add(1, Ordering::Relaxed);
        Ok(entry)
    }

    /// Ends some sessions without a connection of keys that nobody is signed in with. False when there are
    /// none.
    fn evict_strangers(&self, now: Time) -> bool {
        let mut gone = 0;
        for shard in &self.shards {
            for slot in lock(shard).values_mut().filter(|slot| !slot.key.has_user()) {
                let room = EVICTED_AT_ONCE - gone;
                let away = |entry: &mut Arc<Entry>| !entry.status.is_connected();
                let evicted: Vec<_> = slot.sessions.extract_if(.., away).take(room).collect();
                for entry in &evicted {
                    entry.status.end();
                    slot.remember(entry, now);
                }
                gone += evicted.len();
                self.report_gone(evicted.iter().map(|entry| entry.reference));
            }
        }
        gone > 0
    }

    /// A session that there is.
    pub(crate) fn find(&self, session: SessionRef) -> Option<Arc<Entry>> {
        let shard = self.shard(session.key_id);
        let slot = shard.get(&session.key_id)?;
        slot.sessions.iter().find(|entry| entry.reference == session).cloned()
    }

    /// Ends one session at the client's wish. False when there is none.
    pub(crate) fn destroy_session(&self, session: SessionRef) -> bool {
        let mut shard = self.shard(session.key_id);
        let Some(slot) = shard.get_mut(&session.key_id) else { return false };
        let Some(at) = slot.sessions.iter().position(|entry| entry.reference == session) else {
            return false;
        };
        let entry = slot.sessions.swap_remove(at);
        slot.remember(&entry, self.clock.now());
        self.report_gone([session]);
        drop(shard);
        entry.state().end(None);
        true
    }

    /// Ends the sessions that were long without a connection or whose key has expired, and forgets keys that
    /// were long not used.
    pub(crate) fn sweep(&self, now: Time) {
        let session_limit = now.plus_secs(-self.session_idle_secs);
        let key_limit = now.plus_secs(-IDLE_KEY_SECS);
        let mut expired = Vec::new();
        let mut idle = 0;
        for shard in &self.shards {
            let mut gone = Vec::new();
            let mut shard = lock(shard);
            shard.retain(|_, slot| {
                if slot.key.is_expired(now) {
                    gone.extend(slot.sessions.iter().map(|entry| entry.reference));
                    expired.append(&mut slot.sessions);
                    return false;
                }
                slot.sessions.retain(|entry| {
                    if entry.status.is_connected() && !entry.status.is_over() {
                        return true;
                    }
                    let mut state = entry.state();
                    let is_used = entry.status.is_connected() || state.session.last_seen() > session_limit.0;
                    let stays = is_used && !entry.status.is_over();
                    if !stays {
                        state.end(None);
                        gone.push(entry.reference);
                    }
                    stays
                });
                if !slot.sessions.is_empty() {
                    return true;
                }
                idle += 1;
                slot.used > key_limit && idle <= IDLE_KEYS
            });
            self.report_gone(gone);
        }
        for entry in expired {
            entry.state().end(Some(Close::KeyGone));
        }
    }

    /// The sessions that ended since it was asked last, for [`Shared::report_gone`].
    ///
    /// [`Shared::report_gone`]: crate::shared::Shared::report_gone
    pub(crate) fn take_gone(&self) -> Vec<SessionRef> {
        std::mem::take(&mut *lock(&self.gone))
    }

    fn report_gone(&self, ended: impl IntoIterator<Item = SessionRef>) {
        let mut gone = lock(&self.gone);
        let before = gone.len();
        gone.extend(ended);
        let more = gone.len() - before;
        drop(gone);
        if more > 0 {
            self.sessions.fetch_sub(more, Ordering::Relaxed);
            self.gone_news.notify_one();
        }
    }

    fn shard(&self, key_id: i64) -> MutexGuard<'_, HashMap<i64, Slot>> {
        // Key ids are the ends of hashes: any of their bits will do.
        let at = (key_id.cast_unsigned() % SHARDS as u64) as usize;
        lock(&self.shards[at])
    }

    /// The sessions of the device that the permanent key stands for.
    fn entries_of(&self, auth_key_id: i64, remove: bool) -> Vec<Arc<Entry>> {
        let mut found = Vec::new();
        for shard in &self.shards {
            lock(shard).retain(|_, slot| {
                let is_it = slot.key.id() == auth_key_id || slot.key.auth_key_id() == auth_key_id;
                if is_it {
                    found.extend(slot.sessions.iter().cloned());
                }
                if is_it && remove {
                    self.report_gone(slot.sessions.iter().map(|entry| entry.reference));
                }
                !(is_it && remove)
            });
        }
        found
    }
}

impl Sessions for Registry {
    fn push(&self, session: SessionRef, body: &[u8]) -> bool {
        let pushed = self.find(session).is_some_and(|entry| entry.state().push(self.clock.now(), body));
        let counter = if pushed { &meters::PUSHES } else { &meters::PUSHES_DROPPED };
        counter.add(1);
        pushed
    }

    fn exists(&self, session: SessionRef) -> bool {
        self.find(session).is_some_and(|entry| !entry.status.is_over())
    }

    fn drop_key(&self, auth_key_id: i64) {
        self.drops.fetch_add(1, Ordering::AcqRel);
        let ended = self.entries_of(auth_key_id, true);
        for entry in &ended {
            entry.state().end(Some(Close::KeyGone));
        }
    }

    fn disconnect_key(&self, auth_key_id: i64) {
        for entry in self.entries_of(auth_key_id, false) {
            entry.state().close(Close::AfterFlush);
        }
    }

    fn key_changed(&self, auth_key_id: i64, has_user: bool) {
        // What is being read from the store about the key may be wrong by now.
        self.drops.fetch_add(1, Ordering::AcqRel);
        for entry in self.entries_of(auth_key_id, false) {
            entry.key.set_user(has_user);
            let mut state = entry.state();
            state.forget_pushes();
            state.set_user(has_user);
        }
        let mut shard = self.shard(auth_key_id);
        if let Some(slot) = shard.get_mut(&auth_key_id) {
            slot.key.set_user(has_user);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use domain::testing::{ManualClock, SeededRandom};
    use mtproto::packet::encrypted::{self, Opened};
    use mtproto::session::{ConnectionId, ConnectionKind};
    use mtproto::{AuthKey, Side};
    use rpc::boundary::{KeyKind, KeyRecord};

    use super::*;
    use crate::entry::{Attached, State};
    use crate::link::Link;

    const NOW: Time = Time(1_800_000_000_000);

    fn registry(sessions: usize) -> Registry {
        with(&Limits { sessions, ..Limits::default() })
    }

    fn with(limits: &Limits) -> Registry {
        Registry::new(limits, [7; 32], Arc::new(ManualClock::new(NOW)), Arc::new(SeededRandom::new(1)))
    }

    fn record(byte: u8, has_user: bool) -> KeyRecord {
        KeyRecord {
            id: AuthKey::new(&[byte; 256]).id(),
            key: Box::new([byte; 256]),
            kind: KeyKind::Permanent,
            dc: 2,
            initial_salt: 1,
            created_at: NOW,
            has_user,
        }
    }

    fn key(registry: &Registry, byte: u8, has_user: bool) -> Arc<Key> {
        registry.insert(Key::new(record(byte, has_user)), registry.drops(), NOW).unwrap()
    }

    /// A message whose identifier ends in this number.
    fn ping(session_id: i64, number: i64) -> Opened<'static> {
        const PING: [u8; 12] = [0xec, 0x77, 0xbe, 0x7a, 1, 0, 0, 0, 0, 0, 0, 0];
        let msg_id = (NOW.secs() << 32) + number * 4;
        Opened { salt: 1, session_id, msg_id, seq_no: 0, body: &PING, quick_ack_token: 0 }
    }

    /// Whoever plays a recorded packet back throws no connection of the client's out.
    #[test]
    fn replays_take_no_place_from_the_client() {
        let registry = registry(4);
        let key = key(&registry, 1, true);
        let entry = registry.session(&key, 1, NOW).unwrap();
        let mut state = entry.state();
        let mut come = |number: u64, message: i64| {
            let link = Arc::new(Link::new(number));
            let message = ping(1, message);
            let attached = state.attach(NOW, &link, ConnectionKind::Stream, &message);
            if attached != Attached::Refused {
                state.session.handle_message(NOW.0, link.id, &message).unwrap();
            }
            (attached, link)
        };
        let links: Vec<_> = (1..=8).map(|number| come(number, number.cast_signed()).1).collect();
        let closed = |link: &Arc<Link>| link.closing().is_some();
        assert_eq!(come(9, 1).0, Attached::Refused);
        assert!(!links.iter().any(closed));
        // A new message makes room, and with it the connection that never brought one would go first.
        assert_eq!(come(10, 10).0, Attached::Already);
        assert!(closed(&links[0]) && !links[1..].iter().any(closed));
    }

    /// All sessions together keep no more than was allowed, whatever each of them may keep.
    #[test]
    fn what_is_kept_is_bounded_for_all_together() {
        let limits = Limits { outgoing_bytes: 300_000, ..Limits::default() };
        let registry = with(&limits);
        let keys = [1, 2, 3].map(|byte| key(&registry, byte, true));
        let sessions: Vec<_> =
            keys.iter().map(|key| registry.session(key, 1, NOW).unwrap().reference).collect();
        for _ in 0..8 {
            for session in &sessions {
                registry.push(*session, &[1; 60_000]);
            }
        }
        let kept = registry.outgoing_bytes();
        assert!((200_000..=500_000).contains(&kept), "{kept}");
        for key in keys {
            registry.drop_key(key.id());
        }
        assert_eq!(registry.outgoing_bytes(), 0);
    }

    /// A client that is back hears all that was pushed meanwhile, or only that it has to ask: what came first would
    /// be told after the difference, and hide what came last.
    #[test]
    fn pushes_are_kept_for_a_client_all_or_none() {
        for (count, is_kept) in [(16, true), (17, false), (60, false)] {
            let registry = registry(4);
            let key = key(&registry, 1, true);
            let entry = registry.session(&key, 1, NOW).unwrap();
            let body = |number: u8| [number; 32];
            for number in 1..=count {
                registry.push(entry.reference, &body(number));
            }
            let (link, back) = (Arc::new(Link::new(1)), ping(1, 1));
            let mut state = entry.state();
            state.attach(NOW, &link, ConnectionKind::Stream, &back);
            state.session.handle_message(NOW.0, link.id, &back).unwrap();
            state.heard(NOW);
            let told = transmitted(&mut state, link.id);
            for number in 1..=count {
                assert_eq!(has(&told, &body(number)), is_kept, "push {number} of {count}");
            }
            assert_eq!(has(&told, &0xe317_af7e_u32.to_le_bytes()), !is_kept, "told to ask, of {count}");
            // From now on it is as before.
            assert!(state.push(NOW, &body(200)));
            assert!(has(&transmitted(&mut state, link.id), &body(200)));
        }
    }

    /// The same when there is no room for what clients do not read, again and again.
    #[test]
    fn what_there_was_no_room_for_takes_what_was_kept_along() {
        let registry = with(&Limits { outgoing_bytes: 100_000, ..Limits::default() });
        let entry = registry.session(&key(&registry, 1, true), 1, NOW).unwrap();
        let (link, here) = (Arc::new(Link::new(1)), ping(1, 1));
        let mut state = entry.state();
        state.attach(NOW, &link, ConnectionKind::Stream, &here);
        state.session.handle_message(NOW.0, link.id, &here).unwrap();
        let pushed: Vec<bool> = (1..=6).map(|number| state.push(NOW, &[number; 70_000])).collect();
        assert_eq!(pushed, [true, true, false, true, true, false]);
        state.heard(NOW);
        let told = transmitted(&mut state, link.id);
        assert!(!(1..=6).any(|number| has(&told, &[number; 32])));
        assert!(has(&told, &0xe317_af7e_u32.to_le_bytes()));
    }

    fn has(told: &[u8], part: &[u8]) -> bool {
        told.windows(part.len()).any(|window| window == part)
    }

    /// The plaintext of all that leaves over a connection.
    fn transmitted(state: &mut State, link: ConnectionId) -> Vec<u8> {
        let (mut told, mut packet) = (Vec::new(), Vec::new());
        let mut random = |bytes: &mut [u8]| bytes.fill(7);
        while state.session.poll_transmit(NOW.0, link, &mut random, &mut packet) {
            let opened = encrypted::open(&AuthKey::new(&[1; 256]), Side::Server, &mut packet).unwrap();
            told.extend_from_slice(opened.body);
            packet.clear();
        }
        told
    }

    /// A session that has much to do holds up nobody but itself.
    #[test]
    fn a_busy_session_stalls_no_other() {
        let registry = Arc::new(registry(100));
        let busy = key(&registry, 1, true);
        let entry = registry.session(&busy, 1, NOW).unwrap();
        entry.state().attach(NOW, &Arc::new(Link::new(1)), ConnectionKind::Stream, &ping(1, 1));
        let state = entry.state();
        let (done, is_done) = mpsc::channel();
        let other = Arc::clone(&registry);
        let thread = std::thread::spawn(move || {
            let key = other.key(entry_key(1), NOW).unwrap();
            assert!(other.session(&key, 1, NOW).is_ok());
            for session in 2..2 + SESSIONS_PER_KEY as i64 {
                assert!(other.session(&key, session, NOW).is_ok());
            }
            other.sweep(NOW);
            let _ = done.send(());
        });
        is_done.recv_timeout(Duration::from_secs(20)).expect("it does not wait for the busy session");
        drop(state);
        thread.join().unwrap();
    }

    fn entry_key(byte: u8) -> i64 {
        AuthKey::new(&[byte; 256]).id()
    }

    /// A temporary key ends when it was said to, also under connections that stay.
    #[test]
    fn sessions_of_expired_keys_end() {
        let registry = registry(4);
        let expires_at = NOW.plus_secs(100);
        let temporary =
            KeyRecord { kind: KeyKind::Temporary { expires_at, perm_id: None }, ..record(1, false) };
        let temporary = registry.insert(Key::new(temporary), registry.drops(), NOW).unwrap();
        let entry = registry.session(&temporary, 1, NOW).unwrap();
        let link = Arc::new(Link::new(1));
        entry.state().attach(NOW, &link, ConnectionKind::Stream, &ping(1, 1));
        temporary.bind(7, true, NOW.plus_secs(50));
        registry.sweep(NOW.plus_secs(49));
        assert_eq!((link.closing(), registry.session_count()), (None, 1));
        registry.sweep(NOW.plus_secs(50));
        assert_eq!((link.closing(), registry.session_count()), (Some(Close::KeyGone), 0));
        assert!(registry.key(temporary.id(), NOW).is_none());
    }

    /// When there is no room, those give way that nobody would miss.
    #[test]
    fn sessions_of_strangers_give_way() {
        let registry = registry(4);
        let (stranger, user) = (key(&registry, 1, false), key(&registry, 2, true));
        let link = Arc::new(Link::new(1));
        let connected = registry.session(&stranger, 1, NOW).unwrap();
        connected.state().attach(NOW, &link, ConnectionKind::Stream, &ping(1, 1));
        registry.session(&stranger, 2, NOW).unwrap();
        registry.session(&user, 3, NOW).unwrap();
        registry.session(&user, 4, NOW).unwrap();
        assert!(registry.session(&user, 5, NOW).is_ok());
        assert_eq!(registry.take_gone(), [SessionRef { key_id: stranger.id(), session_id: 2 }]);
        assert!(matches!(registry.session(&stranger, 6, NOW), Err(NoSession::Full)));
        assert_eq!(registry.session_count(), 4);
    }
}
