//! What this node knows of the keys that call: whose they are and which layer they speak.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use domain::{Error, SessionRef, Time, UserId, limits};
use service::Service;
use service::accounts::keys;

use crate::boundary::Sessions;
use crate::envelope::Init;

/// Keys whose state is kept in memory; beyond it, all are forgotten and read again as they call.
const KEYS_MAX: usize = 200_000;

/// A device's use, and what it says of itself, is written down when the last time is longer ago than this.
const USED_EVERY_SECS: i64 = 60;

/// Calls that a key nobody is signed in with may make in a minute, also the size of a burst. Clients make
/// some dozens before they sign in.
const STRANGER_CALLS_PER_MINUTE: i64 = 300;

/// The state of one key.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub user: Option<UserId>,
    /// The layer last announced with this key, by any of its sessions; 0 before the first.
    pub layer: i32,
    init: Init,
    address: String,
    /// What the client said of itself is news to the store.
    is_news: bool,
    noted_at: Time,
    /// What is known here has gone from the store with a sign-in, and has to be written down anew.
    pub(crate) unwritten: bool,
    /// Calls of a stranger that count at the time of the last one, in milliseconds of its budget.
    spent_millis: i64,
    spent_at: Time,
}

/// What has to be written down of a key's use.
pub(crate) struct Use {
    /// News of the device: where it calls from.
    pub(crate) device: Option<(i32, keys::Device)>,
}

/// The state of keys by id. The store is the truth; whoever changes a key there tells this too.
#[derive(Default)]
pub struct Devices {
    known: Mutex<Known>,
    sessions: OnceLock<Arc<dyn Sessions>>,
}

#[derive(Default)]
struct Known {
    states: HashMap<i64, State>,
    /// Rises whenever a key changes hands: what was read from the store before that may be wrong.
    changes: u64,
}

impl Devices {
    /// The key's state, from memory or the store.
    pub(crate) async fn state(&self, service: &Service, key: i64) -> Result<State, Error> {
        loop {
            let before = {
                let known = self.lock();
                if let Some(state) = known.states.get(&key) {
                    return Ok(state.clone());
                }
                known.changes
            };
            let state = keys::load(service, key).await?.map_or_else(State::default, from_stored);
            let mut known = self.lock();
            if known.changes != before {
                continue;
            }
            if known.states.len() >= KEYS_MAX {
                known.states.clear();
            }
            return Ok(known.states.entry(key).or_insert(state).clone());
        }
    }

    /// Takes in what a query's wrappers announced. What there is to write down at once is returned: the
    /// layer, which pushes are made for. The rest has time until [`Devices::note_use`], for anybody may say
    /// something else with every query.
    pub(crate) fn announce(
        &self,
        key: i64,
        address: IpAddr,
        layer: Option<i32>,
        init: Option<Init>,
    ) -> Option<(i32, keys::Device)> {
        let mut known = self.lock();
        let state = known.states.get_mut(&key)?;
        let layer = layer.unwrap_or(state.layer);
        let init = init.map_or_else(|| state.init.clone(), shorten);
        let address = address.to_string();
        // A stranger's layer is written once, and then as seldom as the rest.
        let is_layer_urgent = state.layer == 0 || state.user.is_some();
        let is_urgent = std::mem::take(&mut state.unwritten) || (state.layer != layer && is_layer_urgent);
        state.is_news |= state.layer != layer || state.init != init || state.address != address;
        state.layer = layer;
        state.init = init;
        state.address = address;
        is_urgent.then(|| state.described())
    }

    /// What has to be written down now that the device is in use; `None` when it was not long ago.
    pub(crate) fn note_use(&self, key: i64, address: IpAddr, now: Time) -> Option<Use> {
        let mut known = self.lock();
        let state = known.states.get_mut(&key)?;
        let address = address.to_string();
        if state.address != address {
            state.address = address;
            state.is_news = true;
        }
        if state.noted_at.plus_secs(USED_EVERY_SECS) > now {
            return None;
        }
        state.noted_at = now;
        Some(Use { device: state.is_news.then(|| state.described()) })
    }

    /// Takes one call from a stranger's budget. False when it is spent; a second later it is not.
    pub(crate) fn spend(&self, key: i64, now: Time) -> bool {
        const MINUTE_MILLIS: i64 = 60_000;
        const CALL_MILLIS: i64 = MINUTE_MILLIS / STRANGER_CALLS_PER_MINUTE;
        let mut known = self.lock();
        let Some(state) = known.states.get_mut(&key) else { return true };
        let passed = (now.0 - state.spent_at.0).clamp(0, MINUTE_MILLIS);
        let spent = (state.spent_millis - passed).max(0) + CALL_MILLIS;
        if spent > MINUTE_MILLIS {
            return false;
        }
        (state.spent_millis, state.spent_at) = (spent, now);
        true
    }

    /// The key belongs to `user` now, or to nobody. `close`: its connections are closed, so that its client
    /// comes back and finds out.
    pub fn changed(&self, key: i64, user: Option<UserId>, close: bool) {
        let mut known = self.lock();
        known.changes += 1;
        if let Some(state) = known.states.get_mut(&key) {
            state.user = user;
            state.unwritten |= user.is_none();
        }
        drop(known);
        let Some(sessions) = self.sessions.get() else { return };
        sessions.key_changed(key, user.is_some());
        if close {
            sessions.disconnect_key(key);
        }
    }

    /// Temporary keys were dropped: their sessions end.
    pub fn dropped(&self, keys: &[i64]) {
        for key in keys {
            self.forget(*key);
            if let Some(sessions) = self.sessions.get() {
                sessions.drop_key(*key);
            }
        }
    }

    /// Whether the key belongs to `user`, from memory or the store.
    pub(crate) async fn is_of(&self, service: &Service, key: i64, user: UserId) -> Result<bool, Error> {
        let known = self.lock().states.get(&key).map(|state| state.user == Some(user));
        match known {
            Some(is_theirs) => Ok(is_theirs),
            None => Ok(self.state(service, key).await?.user == Some(user)),
        }
    }

    /// Whether the session has ended: a query may run on after that.
    pub(crate) fn has_ended(&self, session: SessionRef) -> bool {
        self.sessions.get().is_some_and(|sessions| !sessions.exists(session))
    }

    pub(crate) fn connect(&self, sessions: Arc<dyn Sessions>) {
        let _ = self.sessions.set(sessions);
    }

    /// The key is no more, or has changed in the store.
    pub fn forget(&self, key: i64) {
        let mut known = self.lock();
        known.changes += 1;
        known.states.remove(&key);
    }

    /// The key may have changed in the store: its clients come back, and it is read again.
    pub fn unknown(&self, key: i64) {
        self.forget(key);
        if let Some(sessions) = self.sessions.get() {
            // What was on its way may be for somebody else; if not, the client finds out as it comes back.
            sessions.key_changed(key, true);
            sessions.disconnect_key(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What is written down of the device, which is no news from now on.
    fn described(&mut self) -> (i32, keys::Device) {
        self.is_news = false;
        (self.layer, device(self.init.clone(), self.address.clone()))
    }
}

fn from_stored(key: keys::AuthKey) -> State {
    State {
        user: key.user,
        layer: key.layer,
        init: Init {
            api_id: key.device.api_id,
            device_model: key.device.device_model,
            system_version: key.device.system_version,
            app_version: key.device.app_version,
            system_lang_code: key.device.system_lang_code,
            lang_pack: key.device.lang_pack,
            lang_code: key.device.lang_code,
        },
        address: key.device.address,
        noted_at: key.last_active,
        ..State::default()
    }
}

fn device(init: Init, address: String) -> keys::Device {
    keys::Device {
        api_id: init.api_id,
        device_model: init.device_model,
        system_version: init.system_version,
        app_version: init.app_version,
        system_lang_code: init.system_lang_code,
        lang_pack: init.lang_pack,
        lang_code: init.lang_code,
        address,
    }
}

/// Strangers may say anything of themselves; what is kept has a length.
fn shorten(mut init: Init) -> Init {
    for text in [
        &mut init.device_model,
        &mut init.system_version,
        &mut init.app_version,
        &mut init.system_lang_code,
        &mut init.lang_pack,
        &mut init.lang_code,
    ] {
        if let Some((end, _)) = text.char_indices().nth(limits::DEVICE_FIELD_LENGTH) {
            text.truncate(end);
        }
    }
    init
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_800_000_000_000);
    const KEY: i64 = 7;

    fn devices(state: State) -> Devices {
        let devices = Devices::default();
        devices.lock().states.insert(KEY, state);
        devices
    }

    fn ip() -> IpAddr {
        [192, 0, 2, 1].into()
    }

    fn init(device_model: &str) -> Option<Init> {
        Some(Init { device_model: device_model.to_owned(), ..Init::default() })
    }

    /// Whoever calls himself something else with every query makes the store write once a minute.
    #[test]
    fn news_of_a_device_is_written_once_a_minute() {
        let devices = devices(State::default());
        let (layer, device) = devices.announce(KEY, ip(), Some(200), init("a")).expect("the first layer");
        assert_eq!((layer, device.device_model.as_str()), (200, "a"));
        assert!(devices.note_use(KEY, ip(), NOW).is_some_and(|noted| noted.device.is_none()));
        for (at, layer) in ["b", "c"].into_iter().zip([201, 202]) {
            assert!(devices.announce(KEY, ip(), Some(layer), init(at)).is_none());
            assert!(devices.note_use(KEY, [192, 0, 2, 2].into(), NOW.plus_secs(59)).is_none());
        }
        let noted = devices.note_use(KEY, ip(), NOW.plus_secs(60)).expect("a minute later");
        let (layer, device) = noted.device.expect("news");
        assert_eq!((layer, device.device_model.as_str()), (202, "c"));
        let later = devices.note_use(KEY, ip(), NOW.plus_secs(120));
        assert!(later.is_some_and(|noted| noted.device.is_none()));
    }

    #[test]
    fn the_layer_of_a_user_is_written_at_once() {
        let devices = devices(State { user: Some(UserId(1)), layer: 200, ..State::default() });
        assert!(devices.announce(KEY, ip(), Some(200), init("a")).is_none());
        assert!(devices.announce(KEY, ip(), Some(201), None).is_some());
    }

    #[test]
    fn strangers_have_a_budget_of_calls() {
        let devices = devices(State::default());
        for _ in 0..STRANGER_CALLS_PER_MINUTE {
            assert!(devices.spend(KEY, NOW));
        }
        assert!(!devices.spend(KEY, NOW));
        assert!(devices.spend(KEY, NOW.plus_secs(1)));
        assert!(devices.spend(KEY, NOW.plus_secs(3_600)));
    }
}
