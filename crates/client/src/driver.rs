//! The task behind a [`crate::Client`].

use std::collections::HashMap;
use std::time::Duration;

use mtproto::Side;
use mtproto::packet::encrypted;
use mtproto::session::client::{ClientEvent, ClientSession, RequestId};
use mtproto::transport::ClientInbound;
use tokio::sync::{mpsc, oneshot};

use crate::{ClientError, Config, Wire};

/// Waits between tries to come back.
const BACKOFF_MILLIS_MIN: u64 = 50;
const BACKOFF_MILLIS_MAX: u64 = 5_000;

/// What a handle asks of the task.
pub(crate) enum Command {
    Call { body: Vec<u8>, answer: oneshot::Sender<Result<Vec<u8>, ClientError>> },
    Ping { answer: oneshot::Sender<()> },
    Cut,
}

pub(crate) struct Driver {
    config: Config,
    session: ClientSession,
    wire: Option<Wire>,
    commands: mpsc::Receiver<Command>,
    pushes: mpsc::Sender<Vec<u8>>,
    calls: HashMap<RequestId, oneshot::Sender<Result<Vec<u8>, ClientError>>>,
    pings: HashMap<i64, oneshot::Sender<()>>,
    last_ping: i64,
}

enum Woken {
    Command(Option<Command>),
    Inbound(Result<ClientInbound, ClientError>),
    Timer,
}

impl Driver {
    pub(crate) fn new(
        config: Config,
        session: ClientSession,
        wire: Wire,
        commands: mpsc::Receiver<Command>,
        pushes: mpsc::Sender<Vec<u8>>,
    ) -> Self {
        Self {
            config,
            session,
            wire: Some(wire),
            commands,
            pushes,
            calls: HashMap::new(),
            pings: HashMap::new(),
            last_ping: 0,
        }
    }

    /// Ends when the last handle is dropped, or the server does not know the key.
    pub(crate) async fn run(mut self) {
        loop {
            if self.wire.is_none() {
                match self.reconnect().await {
                    Some(wire) => self.wire = Some(wire),
                    None => return,
                }
                self.session.attach();
            }
            match self.step().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(ClientError::Transport(code)) => return self.fail_all(code),
                Err(_) => self.wire = None,
            }
        }
    }

    /// One round; false at the end.
    async fn step(&mut self) -> Result<bool, ClientError> {
        self.transmit().await?;
        let now = self.config.clock.now().0;
        let timer = self.session.poll_timeout().map_or(60_000, |at| (at - now).max(1));
        let Some(wire) = &mut self.wire else { return Ok(true) };
        let woken = tokio::select! {
            command = self.commands.recv() => Woken::Command(command),
            inbound = wire.receive() => Woken::Inbound(inbound),
            () = tokio::time::sleep(Duration::from_millis(timer.cast_unsigned())) => Woken::Timer,
        };
        match woken {
            Woken::Command(None) => return Ok(false),
            Woken::Command(Some(command)) => self.obey(command),
            Woken::Inbound(inbound) => self.receive(inbound?)?,
            Woken::Timer => {}
        }
        Ok(true)
    }

    async fn transmit(&mut self) -> Result<(), ClientError> {
        let Some(wire) = &mut self.wire else { return Ok(()) };
        let random = self.config.random.clone();
        let mut packet = Vec::new();
        let now = self.config.clock.now().0;
        while self.session.poll_transmit(now, &mut |bytes: &mut [u8]| random.fill(bytes), &mut packet) {
            wire.send(&packet, false).await?;
            packet.clear();
        }
        Ok(())
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Call { body, answer } => match self.session.request(body) {
                Ok(request) => {
                    self.calls.insert(request, answer);
                }
                // Whoever does not wait for the answer any more does not miss it.
                Err(why) => drop(answer.send(Err(ClientError::Request(why)))),
            },
            Command::Ping { answer } => {
                self.last_ping += 1;
                self.session.ping(self.last_ping);
                self.pings.insert(self.last_ping, answer);
            }
            Command::Cut => self.wire = None,
        }
    }

    fn receive(&mut self, inbound: ClientInbound) -> Result<(), ClientError> {
        let mut packet = match inbound {
            ClientInbound::Packet(packet) => packet,
            ClientInbound::Error(code) => return Err(ClientError::Transport(code)),
            ClientInbound::QuickAck(_) => return Ok(()),
        };
        let key = self.session.auth_key().clone();
        let opened = encrypted::open(&key, Side::Server, &mut packet).map_err(|_| ClientError::Sealed)?;
        let now = self.config.clock.now().0;
        // A message that is wrong is left out, as the protocol says; what was in it is asked for again.
        let _ = self.session.handle_message(now, &opened);
        while let Some(event) = self.session.poll_event() {
            self.act(event);
        }
        Ok(())
    }

    fn act(&mut self, event: ClientEvent) {
        // Whoever does not wait for the answer any more does not miss it.
        match event {
            ClientEvent::Answer { request, body } => {
                if let Some(call) = self.calls.remove(&request) {
                    drop(call.send(Ok(body)));
                }
            }
            ClientEvent::Refused { request, code } => {
                if let Some(call) = self.calls.remove(&request) {
                    drop(call.send(Err(ClientError::Refused(code))));
                }
            }
            ClientEvent::Pong { ping_id } => {
                if let Some(ping) = self.pings.remove(&ping_id) {
                    let _ = ping.send(());
                }
            }
            // Full: nobody takes them, and what updates lose comes by difference.
            ClientEvent::Push { body } => drop(self.pushes.try_send(body)),
            ClientEvent::FutureSalts { .. } | ClientEvent::NewSession { .. } => {}
        }
    }

    /// A new connection; `None` when nobody wants one any more.
    async fn reconnect(&mut self) -> Option<Wire> {
        let mut backoff = BACKOFF_MILLIS_MIN;
        loop {
            if self.commands.is_closed() {
                return None;
            }
            if let Ok(wire) = Wire::open(&self.config).await {
                return Some(wire);
            }
            tokio::time::sleep(Duration::from_millis(backoff)).await;
            backoff = (backoff * 2).min(BACKOFF_MILLIS_MAX);
        }
    }

    fn fail_all(&mut self, code: i32) {
        for (_, call) in self.calls.drain() {
            drop(call.send(Err(ClientError::Transport(code))));
        }
    }
}
