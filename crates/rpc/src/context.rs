//! What a handler knows of its caller.

use std::sync::{Arc, Mutex, PoisonError};

use domain::{Fault, SessionRef, UserId};
use service::Service;
use updates::{Hashes, Listener};

use crate::boundary::{Caller, Effect};
use crate::devices::Devices;

/// The context of one call. Cheap to clone.
#[derive(Clone)]
pub struct Cx {
    inner: Arc<Inner>,
}

struct Inner {
    service: Arc<Service>,
    devices: Arc<Devices>,
    caller: Caller,
    layer: i32,
    user: Option<UserId>,
    effect: Mutex<Effect>,
    msg_id: i64,
}

impl Cx {
    pub(crate) fn new(
        service: Arc<Service>,
        devices: Arc<Devices>,
        caller: Caller,
        layer: i32,
        user: Option<UserId>,
        msg_id: i64,
    ) -> Self {
        let effect = Mutex::new(Effect::None);
        Self { inner: Arc::new(Inner { service, devices, caller, layer, user, effect, msg_id }) }
    }

    pub fn service(&self) -> &Arc<Service> {
        &self.inner.service
    }

    /// What checks the access hashes that clients send.
    pub fn hashes(&self) -> &dyn Hashes {
        self.inner.service.store.vault()
    }

    pub fn caller(&self) -> &Caller {
        &self.inner.caller
    }

    /// The layer that answers to this session are encoded at.
    pub fn layer(&self) -> i32 {
        self.inner.layer
    }

    /// The message that carried the query.
    pub fn msg_id(&self) -> i64 {
        self.inner.msg_id
    }

    /// The account that the key is signed in to.
    pub fn user(&self) -> Option<UserId> {
        self.inner.user
    }

    /// The account that the key is signed in to; never fails in a handler registered for users.
    ///
    /// Errors: `AUTH_KEY_UNREGISTERED`.
    pub fn me(&self) -> Result<UserId, Fault> {
        self.inner.user.ok_or_else(Fault::auth_key_unregistered)
    }

    /// The session that must not be pushed what the answer tells it.
    pub fn origin(&self) -> Option<SessionRef> {
        Some(self.inner.caller.session)
    }

    pub fn auth_key_id(&self) -> i64 {
        self.inner.caller.auth_key_id
    }

    /// The session hears when its QR code is accepted, although nobody is signed in to it.
    pub fn await_login(&self) {
        let caller = &self.inner.caller;
        let (session, auth_key_id) = (caller.session, caller.auth_key_id);
        let hub = &self.inner.service.hub;
        hub.await_login(Listener { session, auth_key_id, layer: self.inner.layer });
        // Its end was told before, and is not told again.
        if self.inner.devices.has_ended(session) {
            hub.detach(session);
        }
    }

    /// The state of keys that this node holds in memory; to be told when a key signs in or out.
    pub fn devices(&self) -> &Devices {
        &self.inner.devices
    }

    /// Asks the gateway to do something besides sending the answer.
    pub fn set_effect(&self, effect: Effect) {
        *self.inner.effect.lock().unwrap_or_else(PoisonError::into_inner) = effect;
    }

    pub(crate) fn effect(&self) -> Effect {
        *self.inner.effect.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
