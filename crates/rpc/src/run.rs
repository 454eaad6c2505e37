//! One call from its bytes to its answer.

use std::future::poll_fn;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Poll;

use domain::{BoxFuture, Error, Fault, Repeats, SessionRef, UserId};
use meters::{MethodMeter, Outcome, Stopwatch};
use service::Service;
use service::accounts::keys;
use tl::{DecodeError, Encode, Reader};
use updates::Listener;

use crate::access::Access;
use crate::answer;
use crate::boundary::{Caller, Handler, Keys, Reply, Sessions};
use crate::context::Cx;
use crate::devices::Devices;
use crate::envelope;
use crate::keys::StoredKeys;
use crate::registry::{Answer, Entry, Registry};

/// Runs calls.
#[derive(Clone)]
pub struct Rpc {
    shared: Arc<Shared>,
}

struct Shared {
    registry: Registry,
    service: Arc<Service>,
    devices: Arc<Devices>,
    sessions: OnceLock<Arc<dyn Sessions>>,
    /// Internal errors that the log has already.
    failures: Mutex<Repeats>,
}

/// Methods that move file parts; sessions that call nothing else want no pushes.
const FILES: &str = "upload.";

impl Rpc {
    pub fn new(registry: Registry, service: Arc<Service>) -> Self {
        let devices = Arc::new(Devices::default());
        let (sessions, failures) = (OnceLock::new(), Mutex::default());
        Self { shared: Arc::new(Shared { registry, service, devices, sessions, failures }) }
    }

    /// The store's keys, for the gateway.
    pub fn keys(&self) -> Arc<dyn Keys> {
        let (service, devices) = (Arc::clone(&self.shared.service), Arc::clone(&self.shared.devices));
        Arc::new(StoredKeys { service, devices })
    }

    /// Says where pushes go and who closes connections. Only the first call counts.
    pub fn connect(&self, sessions: Arc<dyn Sessions>) {
        let devices = Arc::clone(&self.shared.devices);
        self.shared.service.hub.connect(Arc::new(Pushes { sessions: Arc::clone(&sessions), devices }));
        self.shared.devices.connect(Arc::clone(&sessions));
        let _ = self.shared.sessions.set(sessions);
    }
}

/// The hub's way to the gateway.
struct Pushes {
    sessions: Arc<dyn Sessions>,
    devices: Arc<Devices>,
}

impl updates::PushTarget for Pushes {
    fn push(&self, session: SessionRef, body: &[u8]) -> bool {
        self.sessions.push(session, body)
    }

    fn key_changed(&self, auth_key_id: i64, user: Option<UserId>, close: bool) {
        self.devices.changed(auth_key_id, user, close);
    }

    fn key_unknown(&self, auth_key_id: i64) {
        self.devices.unknown(auth_key_id);
    }
}

impl Handler for Rpc {
    fn call(&self, caller: Caller, msg_id: i64, body: Vec<u8>) -> BoxFuture<Reply> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { shared.call(caller, msg_id, body).await })
    }

    fn after_msg_ids(&self, body: &[u8]) -> Vec<i64> {
        envelope::after(body)
    }

    fn session_gone(&self, session: SessionRef) {
        self.shared.service.hub.detach(session);
    }
}

impl Shared {
    async fn call(&self, caller: Caller, msg_id: i64, body: Vec<u8>) -> Reply {
        let watch = Stopwatch::start();
        // Until it is found out.
        let mut meter = &meters::UNKNOWN;
        let (reply, outcome) = match self.try_call(caller, msg_id, &body, &mut meter).await {
            Ok(reply) => (reply, Outcome::Ok),
            Err(Error::Fault(fault)) => (Reply::new(answer::error(&fault)), Outcome::of_error(fault.code)),
            Err(Error::Internal(what)) => {
                self.tell(&what);
                (Reply::new(answer::error(&Fault::internal())), Outcome::Server)
            }
        };
        meter.count(outcome, watch);
        reply
    }

    /// Notes a failure in the log. What fails every call, such as a full disk, is noted now and then.
    fn tell(&self, what: &str) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(more) = failures.note(self.service.now(), what) {
            tracing::error!(what, more, "a call failed");
        }
    }

    async fn try_call<'a>(
        &'a self,
        caller: Caller,
        msg_id: i64,
        body: &[u8],
        meter: &mut &'a MethodMeter,
    ) -> Result<Reply, Error> {
        let envelope = envelope::open(body)?;
        let key = caller.auth_key_id;
        let mut state = self.devices.state(&self.service, key).await?;
        if envelope.layer.is_some() || envelope.init.is_some() || state.unwritten {
            let layer = envelope.layer.map(tl_api::session_layer);
            let address = caller.address;
            if let Some((layer, device)) = self.devices.announce(key, address, layer, envelope.init)
                && let Err(error) = keys::describe(&self.service, key, layer, device).await
            {
                // Else the next announcement of the same would be no news, and be lost with the process.
                self.devices.forget(key);
                return Err(error);
            }
            state = self.devices.state(&self.service, key).await?;
        }
        let layer = tl_api::session_layer(state.layer);
        let mut reader = Reader::new(&envelope.query);
        let entry = self.find(&envelope.query)?;
        *meter = &entry.meter;
        let unbound = caller.is_temporary && caller.session.key_id == caller.auth_key_id;
        if unbound && entry.access != Access::Public {
            return Err(Fault::auth_key_perm_empty().into());
        }
        if state.user.is_none() && !self.devices.spend(key, self.service.now()) {
            return Err(Fault::flood_wait(1).into());
        }
        if entry.access == Access::User && state.user.is_none() {
            return Err(Fault::auth_key_unregistered().into());
        }
        let session = caller.session;
        let address = caller.address;
        let service = Arc::clone(&self.service);
        let cx = Cx::new(service, Arc::clone(&self.devices), caller, layer, state.user, msg_id);
        let future = (entry.call)(cx.clone(), &mut reader).map_err(|error| refuse(&error))?;
        reader.finish().map_err(|error| refuse(&error))?;
        if let Some(user) = state.user
            && !envelope.without_updates
            && !entry.name.starts_with(FILES)
        {
            self.listen(user, Listener { session, auth_key_id: key, layer }).await?;
        }
        self.note_use(key, address, &cx).await?;
        let result = guarded(entry.name, future).await?;
        let body = result.to_bytes(layer).map_err(|_| Fault::connection_layer_invalid())?;
        Ok(Reply { body, effect: cx.effect() })
    }

    fn find(&self, query: &[u8]) -> Result<&Entry, Fault> {
        let id = Reader::new(query).u32().map_err(|_| Fault::input_fetch_error())?;
        if let Some(entry) = self.registry.find(id) {
            return Ok(entry);
        }
        match tl_api::method_by_id(id) {
            Some(method) => {
                tracing::debug!(method = method.name, "not built");
                Err(Fault::method_invalid())
            }
            None => Err(Fault::input_method_invalid(id)),
        }
    }

    /// The session hears what happens to the user from now on, unless its key changed hands meanwhile.
    async fn listen(&self, user: UserId, listener: Listener) -> Result<(), Error> {
        self.service.hub.attach(user, listener);
        if !self.devices.is_of(&self.service, listener.auth_key_id, user).await? {
            self.service.hub.detach(listener.session);
            return Err(Fault::auth_key_unregistered().into());
        }
        // Its end was told before, and is not told again.
        if self.devices.has_ended(listener.session) {
            self.service.hub.detach(listener.session);
        }
        Ok(())
    }

    async fn note_use(&self, key: i64, address: IpAddr, cx: &Cx) -> Result<(), Error> {
        let Some(noted) = self.devices.note_use(key, address, self.service.now()) else { return Ok(()) };
        if let Some((layer, device)) = noted.device {
            keys::describe(&self.service, key, layer, device).await?;
        }
        keys::used(&self.service, key, cx.user()).await
    }
}

/// Bytes that are no valid query of the method.
fn refuse(error: &DecodeError) -> Error {
    match error {
        DecodeError::UnknownConstructor { id, .. } => Fault::input_constructor_invalid_id(*id).into(),
        _ => Fault::input_fetch_error().into(),
    }
}

/// Runs a handler; a panic in it fails this call and nothing else.
async fn guarded(name: &'static str, mut future: BoxFuture<Result<Answer, Error>>) -> Result<Answer, Error> {
    poll_fn(move |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll,
        Err(_) => Poll::Ready(Err(Error::internal(format_args!("{name} panicked")))),
    })
    .await
}
