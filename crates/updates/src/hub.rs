//! Fan-out: every device that is connected learns at once what happened in its owner's box.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bus::{Bus, Signal};
use domain::hint::News;
use domain::{Hint, Repeats, SessionRef, SharedClock, SharedSpawn, Time, UserId};
use store::events::Position;
use store::{Store, StoreError, Tx, contacts, dialogs};
use tl::{Decode, Encode};
use tl_api::{enums, types};

use crate::Presence;
use crate::log::Origin;
use crate::people;
use crate::render::{self, Rendered};

/// Events that one turn of a box's fan-out takes; the rest waits for the next turn.
const BATCH_EVENTS: usize = 100;

/// Events that may wait for one box. Beyond it pushes are left out, and clients told to fetch the difference.
const QUEUE_EVENTS: usize = 10_000;

/// People who are told when somebody comes online, at most.
const WATCHERS_MAX: i64 = 500;

/// Sends bytes to sessions, and knows whose keys they have; the gateway's side of a push.
pub trait PushTarget: Send + Sync {
    /// False when there is no such session or it cannot take more.
    fn push(&self, session: SessionRef, body: &[u8]) -> bool;

    /// The key belongs to `user` now, or to nobody. `close`: its connections are to be closed.
    fn key_changed(&self, auth_key_id: i64, user: Option<UserId>, close: bool);

    /// The key may belong to somebody else now: its clients are to come back, and the store says whose it is.
    fn key_unknown(&self, auth_key_id: i64);
}

/// A session that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listener {
    pub session: SessionRef,
    /// The permanent key of the session's device.
    pub auth_key_id: i64,
    pub layer: i32,
}

/// How much a hub has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// Sessions that are told of a box, by their layer; every layer that is supported stands in it.
    pub sessions: BTreeMap<i32, usize>,
    /// Events that are yet to be pushed.
    pub waiting: usize,
}

#[derive(Default)]
struct Box_ {
    sessions: Vec<Listener>,
    waiting: VecDeque<(Position, Origin)>,
    running: bool,
    /// Events were left out.
    has_missed: bool,
}

#[derive(Default)]
struct Table {
    boxes: HashMap<UserId, Box_>,
    /// Whose box each session listens to, and by which key.
    users: HashMap<SessionRef, (UserId, i64)>,
    keys: HashMap<i64, Vec<SessionRef>>,
    /// Sessions of devices that nobody is signed in to, and that show a QR code.
    waiting: HashMap<SessionRef, Listener>,
}

/// Who is connected, and what they have yet to hear.
pub struct Hub {
    table: Mutex<Table>,
    store: Store,
    presence: Arc<Presence>,
    clock: SharedClock,
    spawn: SharedSpawn,
    target: OnceLock<Arc<dyn PushTarget>>,
    /// What was said of pushes that could not be built: a database that fails fails all of them.
    failures: Mutex<Repeats>,
}

impl Hub {
    /// A hub that listens on `bus`. Messages that arrive in the store are remembered from now on: to be made
    /// before the store's hints are sent to the bus.
    pub fn new(
        store: Store,
        presence: Arc<Presence>,
        bus: &dyn Bus,
        clock: SharedClock,
        spawn: SharedSpawn,
    ) -> Arc<Self> {
        presence.remember(&store);
        let keeper = Arc::clone(&presence);
        store.subscribe(Box::new(move |committed| {
            if let Some(memory) = keeper.memory() {
                memory.hear(committed);
            }
        }));
        let (table, target) = (Mutex::default(), OnceLock::new());
        let failures = Mutex::default();
        let hub = Arc::new(Self { table, store, presence, clock, spawn, target, failures });
        let listener = Arc::downgrade(&hub);
        bus.subscribe(Box::new(move |signal| {
            if let Some(hub) = listener.upgrade() {
                hub.hear(signal);
            }
        }));
        hub
    }

    /// Says where pushes go. Only the first call counts.
    pub fn connect(&self, target: Arc<dyn PushTarget>) {
        let _ = self.target.set(target);
    }

    /// From now on the session hears of what happens to the user. Called again, it updates the layer.
    pub fn attach(&self, user: UserId, listener: Listener) {
        let mut table = self.lock();
        table.waiting.remove(&listener.session);
        let owner = (user, listener.auth_key_id);
        if table.users.get(&listener.session).is_some_and(|before| *before != owner) {
            table.forget(listener.session);
        }
        if table.users.insert(listener.session, owner).is_none() {
            table.keys.entry(listener.auth_key_id).or_default().push(listener.session);
        }
        let sessions = &mut table.boxes.entry(user).or_default().sessions;
        match sessions.iter_mut().find(|attached| attached.session == listener.session) {
            Some(attached) => *attached = listener,
            None => sessions.push(listener),
        }
    }

    /// The session, which nobody is signed in to, hears when its QR code is accepted.
    pub fn await_login(&self, listener: Listener) {
        self.lock().waiting.insert(listener.session, listener);
    }

    pub fn detach(&self, session: SessionRef) {
        let mut table = self.lock();
        table.waiting.remove(&session);
        table.forget(session);
    }

    /// Sessions of the key hear no more of anybody but `user`.
    fn key_changed(&self, auth_key_id: i64, user: Option<UserId>, close: bool) {
        self.lock().detach_key(auth_key_id, user);
        if let Some(target) = self.target.get() {
            target.key_changed(auth_key_id, user, close);
        }
    }

    fn key_unknown(&self, auth_key_id: i64) {
        self.lock().detach_key(auth_key_id, None);
        if let Some(target) = self.target.get() {
            target.key_unknown(auth_key_id);
        }
    }

    /// Tells a device that shows a QR code to ask for its outcome.
    fn login_token(&self, auth_key_id: i64, now: Time) {
        let Some(target) = self.target.get() else { return };
        let table = self.lock();
        let waiting: Vec<_> =
            table.waiting.values().filter(|l| l.auth_key_id == auth_key_id).copied().collect();
        drop(table);
        // One library looks for this update in this container only.
        let short = types::UpdateShort { update: enums::Update::LoginToken, date: now.wire() };
        for listener in waiting {
            if let Ok(body) = enums::Updates::from(short.clone()).to_bytes(listener.layer) {
                target.push(listener.session, &body);
            }
        }
    }

    /// What there is at this moment, for whoever runs the server.
    pub fn load(&self) -> Load {
        let mut load =
            Load { sessions: tl_api::LAYERS.iter().map(|layer| (*layer, 0)).collect(), waiting: 0 };
        for entry in self.lock().boxes.values() {
            load.waiting += entry.waiting.len();
            for attached in &entry.sessions {
                *load.sessions.entry(attached.layer).or_default() += 1;
            }
        }
        load
    }

    pub fn is_attached(&self, user: UserId) -> bool {
        self.lock().boxes.get(&user).is_some_and(|entry| !entry.sessions.is_empty())
    }

    fn hear(self: &Arc<Self>, signal: &Signal) {
        match signal {
            Signal::Stored(Hint::Box { owner, pts, sub, origin }) => {
                self.wake(*owner, Position { pts: *pts, sub: *sub }, *origin);
            }
            Signal::Stored(Hint::Key { auth_key_id, user, close }) => {
                self.key_changed(*auth_key_id, *user, *close);
            }
            Signal::Stored(Hint::KeyUnknown { auth_key_id }) => self.key_unknown(*auth_key_id),
            Signal::Stored(Hint::LoginToken { auth_key_id, date }) => self.login_token(*auth_key_id, *date),
            Signal::Stored(Hint::User { user, news }) => {
                let (hub, user, news) = (Arc::clone(self), *user, *news);
                self.spawn.spawn(Box::pin(async move { hub.news(user, news).await }));
            }
            Signal::Stored(_) => {}
            Signal::Typing { from, to, action } => {
                if self.is_attached(*to) {
                    let (hub, from, to, action) = (Arc::clone(self), *from, *to, action.clone());
                    self.spawn.spawn(Box::pin(async move { hub.typing(from, to, action).await }));
                }
            }
            Signal::Status { user } => {
                let (hub, user) = (Arc::clone(self), *user);
                self.spawn.spawn(Box::pin(async move { hub.status(user).await }));
            }
        }
    }

    fn wake(self: &Arc<Self>, owner: UserId, position: Position, origin: Origin) {
        let mut table = self.lock();
        let Some(entry) = table.boxes.get_mut(&owner) else { return };
        let others = entry.sessions.iter().any(|attached| Some(attached.session) != origin);
        if !others {
            return;
        }
        if entry.waiting.len() >= QUEUE_EVENTS {
            entry.has_missed = true;
            return;
        }
        entry.waiting.push_back((position, origin));
        if !entry.running {
            entry.running = true;
            let hub = Arc::clone(self);
            self.spawn.spawn(Box::pin(async move { hub.drain(owner).await }));
        }
    }

    /// One box's fan-out, turn by turn; there is never more than one for a box, so order is kept.
    async fn drain(self: Arc<Self>, owner: UserId) {
        while let Some((batch, sessions, mut has_missed)) = self.next_batch(owner) {
            let everyone = sessions.clone();
            for run in batch.chunk_by(|a, b| a.1 == b.1) {
                let origin = run[0].1;
                let positions = run.iter().map(|(position, _)| *position).collect::<Vec<_>>();
                let sessions = sessions.iter().filter(|attached| Some(attached.session) != origin);
                let sessions = sessions.copied().collect::<Vec<_>>();
                if sessions.is_empty() {
                    continue;
                }
                if let Some(updates) = self.remembered(owner, &positions) {
                    self.send(&sessions, &updates);
                    continue;
                }
                let presence = Arc::clone(&self.presence);
                let render = move |tx: &mut Tx<'_>| render::updates(tx, owner, &positions, &presence);
                has_missed |= !self.deliver(owner, sessions, render).await;
            }
            if has_missed {
                self.send(&everyone, &enums::Updates::TooLong);
            }
        }
    }

    /// The next events, who hears them, and whether any were left out since the last time.
    fn next_batch(&self, owner: UserId) -> Option<(Vec<(Position, Origin)>, Vec<Listener>, bool)> {
        let mut table = self.lock();
        let entry = table.boxes.get_mut(&owner)?;
        if entry.waiting.is_empty() || entry.sessions.is_empty() {
            entry.waiting.clear();
            entry.running = false;
            if entry.sessions.is_empty() {
                table.boxes.remove(&owner);
            }
            return None;
        }
        let count = entry.waiting.len().min(BATCH_EVENTS);
        let has_missed = std::mem::take(&mut entry.has_missed);
        Some((entry.waiting.drain(..count).collect(), entry.sessions.clone(), has_missed))
    }

    /// Builds an answer once and sends it to each session at its layer. False when it could not be built.
    async fn deliver(
        &self,
        owner: UserId,
        sessions: Vec<Listener>,
        build: impl FnOnce(&mut Tx<'_>) -> Result<types::Updates, StoreError> + Send + 'static,
    ) -> bool {
        if sessions.is_empty() {
            return true;
        }
        match self.store.read(build).await {
            Ok(updates) if updates.updates.is_empty() => {}
            Ok(updates) => self.send(&sessions, &updates),
            Err(error) => {
                let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(more) = failures.note(self.clock.now(), &error.to_string()) {
                    tracing::warn!(owner = owner.0, %error, more, "a push could not be built");
                }
                return false;
            }
        }
        true
    }

    fn send(&self, sessions: &[Listener], updates: &dyn Encode) {
        let Some(target) = self.target.get() else { return };
        let mut encoded: Vec<(i32, Option<Vec<u8>>)> = Vec::new();
        for attached in sessions {
            if !encoded.iter().any(|(layer, _)| *layer == attached.layer) {
                encoded.push((attached.layer, updates.to_bytes(attached.layer).ok()));
            }
            let body = encoded.iter().find(|(layer, _)| *layer == attached.layer);
            if let Some((_, Some(body))) = body {
                target.push(attached.session, body);
            }
        }
    }

    /// Events of a box as they are pushed, when all that they show is at hand.
    pub fn remembered(&self, owner: UserId, positions: &[Position]) -> Option<types::Updates> {
        render::remembered(owner, positions, self.clock.now(), &self.presence)
    }

    fn sessions_of(&self, user: UserId) -> Vec<Listener> {
        self.lock().boxes.get(&user).map(|entry| entry.sessions.clone()).unwrap_or_default()
    }

    async fn typing(&self, from: UserId, to: UserId, action: Vec<u8>) {
        let Ok(action) = enums::SendMessageAction::from_bytes(&action) else { return };
        let presence = Arc::clone(&self.presence);
        self.deliver(to, self.sessions_of(to), move |tx| {
            let mut rendered = Rendered::default();
            rendered.mentioned.user(from);
            rendered.push(types::UpdateUserTyping { user_id: from.0, action, ..Default::default() });
            rendered.into_updates(tx, to, &presence)
        })
        .await;
    }

    /// Tells those who know a user, and are connected, of the user's new status.
    async fn status(&self, user: UserId) {
        for watcher in self.watchers(user).await {
            let presence = Arc::clone(&self.presence);
            self.deliver(watcher, self.sessions_of(watcher), move |tx| {
                let mut rendered = Rendered::default();
                let status = people::status(tx, watcher, user, &presence)?;
                // Whoever may not know the time is not to learn it from when this arrives.
                if matches!(status, enums::UserStatus::Online(_) | enums::UserStatus::Offline(_)) {
                    rendered.mentioned.user(user);
                    rendered.push(types::UpdateUserStatus { user_id: user.0, status });
                }
                rendered.into_updates(tx, watcher, &presence)
            })
            .await;
        }
    }

    /// Tells those who know a user, and are connected, what is new about them. The user's own devices
    /// learn it from their event log.
    async fn news(&self, user: UserId, news: News) {
        for watcher in self.watchers(user).await.into_iter().filter(|watcher| *watcher != user) {
            let presence = Arc::clone(&self.presence);
            self.deliver(watcher, self.sessions_of(watcher), move |tx| {
                let mut rendered = Rendered::default();
                rendered.mentioned.user(user);
                rendered.push(match news {
                    News::Names => people::names(tx, watcher, user, &presence)?.into(),
                    News::Profile => enums::Update::from(types::UpdateUser { user_id: user.0 }),
                });
                rendered.into_updates(tx, watcher, &presence)
            })
            .await;
        }
    }

    /// Those who know a user and are connected here; the user too.
    async fn watchers(&self, user: UserId) -> Vec<UserId> {
        let watchers = self
            .store
            .read(move |tx| -> Result<_, StoreError> {
                let mut watchers = contacts::owners_of(tx, user)?;
                for peer in dialogs::peers(tx, user, WATCHERS_MAX)? {
                    // Whoever has deleted the dialog, or never wanted one, does not follow the user.
                    if let Some(other) = peer.user()
                        && people::knows(tx, other, user)?
                    {
                        watchers.push(other);
                    }
                }
                watchers.push(user);
                Ok(watchers)
            })
            .await;
        let mut watchers = watchers.unwrap_or_else(|error| {
            tracing::warn!(user = user.0, %error, "a user's news could not be told");
            Vec::new()
        });
        watchers.sort_unstable();
        watchers.dedup();
        watchers.retain(|watcher| self.is_attached(*watcher));
        watchers
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Takes the sessions of a key from everybody but `user`.
    fn detach_key(&mut self, auth_key_id: i64, user: Option<UserId>) {
        for session in self.keys.get(&auth_key_id).cloned().unwrap_or_default() {
            if self.users.get(&session).map(|(owner, _)| *owner) != user {
                self.forget(session);
            }
        }
    }

    /// The session listens to nobody any more.
    fn forget(&mut self, session: SessionRef) {
        let Some((user, auth_key_id)) = self.users.remove(&session) else { return };
        if let Some(sessions) = self.keys.get_mut(&auth_key_id) {
            sessions.retain(|other| *other != session);
            if sessions.is_empty() {
                self.keys.remove(&auth_key_id);
            }
        }
        if let Some(entry) = self.boxes.get_mut(&user) {
            entry.sessions.retain(|attached| attached.session != session);
            if entry.sessions.is_empty() && !entry.running {
                self.boxes.remove(&user);
            }
        }
    }
}
