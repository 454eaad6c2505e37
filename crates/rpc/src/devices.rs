//! What this node knows of the keys that call: whose they are and which layer they speak.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use domain::{Error, Time, UserId, limits};
use service::Service;
use service::accounts::keys;

use crate::boundary::Sessions;
use crate::envelope::Init;

/// Keys whose state is kept in memory; beyond it, all are forgotten and read again as they call.
const KEYS_MAX: usize = 200_000;

/// A device's use is written down when the last time is longer ago than this.
const USED_EVERY_SECS: i64 = 60;

/// The state of one key.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub user: Option<UserId>,
    /// The layer last announced with this key, by any of its sessions; 0 before the first.
    pub layer: i32,
    init: Init,
    /// As it was last written down.
    address: String,
    noted_at: Time,
    /// What is known here has gone from the store with a sign-in, and has to be written down anew.
    pub(crate) unwritten: bool,
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

    /// Takes in what a query's wrappers announced, and writes it down when it is news.
    pub(crate) async fn announce(
        &self,
        service: &Service,
        key: i64,
        address: IpAddr,
        layer: Option<i32>,
        init: Option<Init>,
    ) -> Result<(), Error> {
        let news = {
            let mut known = self.lock();
            let Some(state) = known.states.get_mut(&key) else { return Ok(()) };
            let layer = layer.unwrap_or(state.layer);
            let init = init.map_or_else(|| state.init.clone(), shorten);
            let address = address.to_string();
            let changed = std::mem::take(&mut state.unwritten)
                || state.layer != layer
                || state.init != init
                || state.address != address;
            state.layer = layer;
            state.init = init;
            state.address = address;
            changed.then(|| (state.layer, state.init.clone()))
        };
        match news {
            Some((layer, init)) => {
                keys::describe(service, key, layer, device(init, address.to_string())).await
            }
            None => Ok(()),
        }
    }

    /// What has to be written down now that the device is in use; `None` when it was not long ago.
    pub(crate) fn note_use(&self, key: i64, address: IpAddr, now: Time) -> Option<Use> {
        let mut known = self.lock();
        let state = known.states.get_mut(&key)?;
        let address = address.to_string();
        let moved = state.address != address;
        if !moved && state.noted_at.plus_secs(USED_EVERY_SECS) > now {
            return None;
        }
        state.noted_at = now;
        state.address.clone_from(&address);
        Some(Use { device: moved.then(|| (state.layer, device(state.init.clone(), address))) })
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
            sessions.disconnect_key(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
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
        unwritten: false,
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
