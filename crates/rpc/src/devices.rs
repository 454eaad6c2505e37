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
    noted_at: Time,
}

/// The state of keys by id. The store is the truth; whoever changes a key there tells this too.
#[derive(Default)]
pub struct Devices {
    known: Mutex<HashMap<i64, State>>,
    sessions: OnceLock<Arc<dyn Sessions>>,
}

impl Devices {
    /// The key's state, from memory or the store.
    pub(crate) async fn state(&self, service: &Service, key: i64) -> Result<State, Error> {
        if let Some(state) = self.lock().get(&key) {
            return Ok(state.clone());
        }
        let state = match keys::load(service, key).await? {
            Some(key) => State {
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
                noted_at: key.last_active,
            },
            None => State::default(),
        };
        let mut known = self.lock();
        if known.len() >= KEYS_MAX {
            known.clear();
        }
        Ok(known.entry(key).or_insert(state).clone())
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
            let Some(state) = known.get_mut(&key) else { return Ok(()) };
            let layer = layer.unwrap_or(state.layer);
            let init = init.map_or_else(|| state.init.clone(), shorten);
            let changed = state.layer != layer || state.init != init;
            state.layer = layer;
            state.init = init;
            changed.then(|| (state.layer, state.init.clone()))
        };
        match news {
            Some((layer, init)) => keys::describe(service, key, layer, device(init, address)).await,
            None => Ok(()),
        }
    }

    /// Whether the device's use has to be written down now.
    pub(crate) fn note_use(&self, key: i64, now: Time) -> bool {
        let mut known = self.lock();
        let Some(state) = known.get_mut(&key) else { return false };
        let due = state.noted_at.plus_secs(USED_EVERY_SECS) <= now;
        if due {
            state.noted_at = now;
        }
        due
    }

    /// The key was signed in.
    pub fn signed_in(&self, key: i64, user: UserId) {
        if let Some(state) = self.lock().get_mut(&key) {
            state.user = Some(user);
        }
    }

    /// The key was signed out.
    pub fn signed_out(&self, key: i64) {
        if let Some(state) = self.lock().get_mut(&key) {
            state.user = None;
        }
    }

    /// The key was signed out from another device: its connections are closed, so that its client comes
    /// back and finds out.
    pub fn turned_out(&self, key: i64) {
        self.signed_out(key);
        if let Some(sessions) = self.sessions.get() {
            sessions.disconnect_key(key);
        }
    }

    /// The account that the key is signed in to, as far as this node knows.
    pub(crate) fn user(&self, key: i64) -> Option<UserId> {
        self.lock().get(&key).and_then(|state| state.user)
    }

    pub(crate) fn connect(&self, sessions: Arc<dyn Sessions>) {
        let _ = self.sessions.set(sessions);
    }

    /// The key is no more, or has changed in the store.
    pub fn forget(&self, key: i64) {
        self.lock().remove(&key);
    }

    /// What the key's client said of itself last.
    pub fn init(&self, key: i64) -> Init {
        self.lock().get(&key).map(|state| state.init.clone()).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, State>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn device(init: Init, address: IpAddr) -> keys::Device {
    keys::Device {
        api_id: init.api_id,
        device_model: init.device_model,
        system_version: init.system_version,
        app_version: init.app_version,
        system_lang_code: init.system_lang_code,
        lang_pack: init.lang_pack,
        lang_code: init.lang_code,
        address: address.to_string(),
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
