//! A connection of somebody who is signed in, as cheap as a client can be that really speaks the protocol: one task
//! does sealing, opening, acknowledging and decoding, without handing anything to another.
//!
//! A [`client::Client`] is kinder to its caller, and costs two queues and several wake-ups a message.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use client::{Config, Identity, Tcp, Wire};
use domain::{SharedClock, SharedRandom};
use mtproto::packet::encrypted;
use mtproto::session::client::{ClientEvent, ClientSession, RequestId};
use mtproto::transport::{ClientInbound, Framing};
use mtproto::{RsaPublicKey, Side};
use tl::service::RpcError;
use tl::{Decode, Encode, Reader};
use tl_api::{Method, NEWEST_LAYER, enums, functions, types};
use tokio::runtime::Handle;

use crate::home::Process;
use crate::system::{FastRandom, Runtime, SystemClock};

/// `rpc_error`
const RPC_ERROR: u32 = 0x2144_ca19;
/// A server that says nothing for so long is not slow but broken.
const SILENCE: Duration = Duration::from_secs(60);

/// What is needed to reach a server. To be made inside of a runtime.
#[derive(Clone)]
pub struct Door {
    pub config: Config,
}

impl Door {
    pub fn new(server: &Process) -> Result<Self, String> {
        let key = RsaPublicKey::from_pem(&server.public_key).map_err(|why| why.to_string())?;
        let config = Config {
            connect: Arc::new(Tcp(server.address)),
            keys: vec![key],
            dc: 2,
            framing: Framing::Intermediate,
            obfuscation: None,
            layer: NEWEST_LAYER,
            clock: Arc::new(SystemClock),
            random: Arc::new(FastRandom::new()),
            spawn: Arc::new(Runtime(Handle::current())),
        };
        Ok(Self { config })
    }

    /// A connection of a device that is signed in: it announces its layer and asks for its state.
    pub async fn enter(&self, identity: &Identity) -> Result<Line, String> {
        let wire = Wire::open(&self.config).await.map_err(|why| format!("connect: {why}"))?;
        let session_id = self.config.random.i64();
        let Identity { key, salt, time_offset } = identity.clone();
        let mut line = Line {
            wire,
            session: ClientSession::new(key, session_id, salt, time_offset),
            clock: Arc::clone(&self.config.clock),
            random: Arc::clone(&self.config.random),
            packet: Vec::new(),
        };
        line.announce(&functions::updates::GetState {}).await?;
        Ok(line)
    }
}

pub struct Line {
    wire: Wire,
    session: ClientSession,
    clock: SharedClock,
    pub random: SharedRandom,
    packet: Vec<u8>,
}

impl Line {
    /// Puts a query on its way; [`Line::step`] sends it.
    pub fn ask<M: Method>(&mut self, query: &M) -> Result<RequestId, String> {
        let body = query.to_bytes(NEWEST_LAYER).map_err(|_| format!("{} does not exist", M::NAME))?;
        self.session.request(body).map_err(|why| why.to_string())
    }

    /// Sends what there is to send, waits for the server or until an acknowledgement is due, and takes everything that
    /// has come.
    pub async fn step(&mut self) -> Result<(), String> {
        self.transmit().await?;
        let wait = match self.session.poll_timeout() {
            Some(at) => Duration::from_millis(u64::try_from(at - self.clock.now().0).unwrap_or(0).max(1)),
            None => SILENCE,
        };
        let inbound = match tokio::time::timeout(wait, self.wire.receive()).await {
            Ok(inbound) => inbound.map_err(|why| why.to_string())?,
            Err(_) if wait == SILENCE => return Err("the server says nothing".to_owned()),
            Err(_) => return Ok(()),
        };
        self.take(inbound)?;
        while let Some(inbound) = self.wire.received().map_err(|why| why.to_string())? {
            self.take(inbound)?;
        }
        Ok(())
    }

    async fn transmit(&mut self) -> Result<(), String> {
        let now = self.clock.now().0;
        let random = Arc::clone(&self.random);
        let mut fill = |bytes: &mut [u8]| random.fill(bytes);
        self.packet.clear();
        while self.session.poll_transmit(now, &mut fill, &mut self.packet) {
            self.wire.send(&self.packet, false).await.map_err(|why| why.to_string())?;
            self.packet.clear();
        }
        Ok(())
    }

    fn take(&mut self, inbound: ClientInbound) -> Result<(), String> {
        let mut packet = match inbound {
            ClientInbound::Packet(packet) => packet,
            ClientInbound::Error(code) => return Err(format!("transport error {code}")),
            ClientInbound::QuickAck(_) => return Ok(()),
        };
        let key = self.session.auth_key().clone();
        let opened = encrypted::open(&key, Side::Server, &mut packet).map_err(|why| why.to_string())?;
        self.session.handle_message(self.clock.now().0, &opened).map_err(|why| why.to_string())
    }

    /// The next thing that has come.
    pub fn event(&mut self) -> Option<ClientEvent> {
        self.session.poll_event()
    }

    /// Asks, and waits for the answer. Pushes that come meanwhile are dropped.
    pub async fn call<M: Method>(&mut self, query: &M) -> Result<M::Answer, String> {
        let request = self.ask(query)?;
        let body = self.wait_for(request).await.map_err(|why| format!("{}: {why}", M::NAME))?;
        decoded(&body).map_err(|why| format!("{}: {why}", M::NAME))
    }

    /// The same, and says how many bytes the answer had.
    pub async fn call_sized<M: Method>(&mut self, query: &M) -> Result<(M::Answer, usize), String> {
        let request = self.ask(query)?;
        let body = self.wait_for(request).await.map_err(|why| format!("{}: {why}", M::NAME))?;
        Ok((decoded(&body).map_err(|why| format!("{}: {why}", M::NAME))?, body.len()))
    }

    async fn announce<M: Method>(&mut self, query: &M) -> Result<(), String> {
        let inexpressible = |_| format!("{} does not exist", M::NAME);
        let query = query.to_bytes(NEWEST_LAYER).map_err(inexpressible)?;
        let init = functions::InitConnection {
            api_id: 1,
            device_model: "load".to_owned(),
            system_version: "1".to_owned(),
            app_version: "1".to_owned(),
            system_lang_code: "en".to_owned(),
            lang_code: "en".to_owned(),
            query,
            ..Default::default()
        };
        let query = init.to_bytes(NEWEST_LAYER).map_err(inexpressible)?;
        let query = functions::InvokeWithLayer { layer: NEWEST_LAYER, query };
        let body = query.to_bytes(NEWEST_LAYER).map_err(inexpressible)?;
        let request = self.session.request(body).map_err(|why| why.to_string())?;
        let body = self.wait_for(request).await.map_err(|why| format!("{}: {why}", M::NAME))?;
        decoded::<M::Answer>(&body).map(drop)
    }

    async fn wait_for(&mut self, request: RequestId) -> Result<Vec<u8>, String> {
        let mut events = VecDeque::new();
        loop {
            while let Some(event) = self.event() {
                events.push_back(event);
            }
            for event in events.drain(..) {
                match event {
                    ClientEvent::Answer { request: answered, body } if answered == request => {
                        return Ok(body);
                    }
                    ClientEvent::Refused { request: refused, code } if refused == request => {
                        return Err(format!("refused: {code}"));
                    }
                    _ => {}
                }
            }
            self.step().await?;
        }
    }

    /// The only contact of somebody who has one.
    pub async fn partner(&mut self) -> Result<enums::InputPeer, String> {
        self.friends().await?.into_iter().next().ok_or_else(|| "nobody is there to write to".to_owned())
    }

    /// Whom somebody has as contacts.
    pub async fn friends(&mut self) -> Result<Vec<enums::InputPeer>, String> {
        let answer = self.call(&functions::contacts::GetContacts { hash: 0 }).await?;
        let enums::contacts::Contacts::Contacts(found) = answer else { return Ok(Vec::new()) };
        let users = found.users.iter().filter_map(|user| match user {
            enums::User::User(user) if !user.is_self => Some((user.id, user.access_hash.unwrap_or_default())),
            _ => None,
        });
        Ok(users.map(|(user_id, access_hash)| types::InputPeerUser { user_id, access_hash }.into()).collect())
    }
}

/// An answer, or the error in its place.
pub fn decoded<T: Decode>(body: &[u8]) -> Result<T, String> {
    if Reader::new(body).peek_u32() == Ok(RPC_ERROR) {
        let error = RpcError::from_bytes(body).map_err(|why| why.to_string())?;
        return Err(format!("{} {}", error.error_code, error.error_message));
    }
    T::from_bytes(body).map_err(|why| why.to_string())
}
