//! A connection over TCP, TLS or WebSocket: one task that reads, processes, writes and waits, in turn.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::Time;
use mtproto::session::ConnectionKind;
use mtproto::transport::{ServerTransport, TransportCode};
use tracing::debug;

use crate::admission::Newcomer;
use crate::limits::{IDLE_BUFFER_BYTES, SHUTDOWN_SECS, WRITE_BYTES};
use crate::link::Close;
use crate::port::{Port, Received, Refused};
use crate::shared::{Shared, stopped};
use crate::wire::Wire;

struct Connection {
    shared: Arc<Shared>,
    port: Port,
    wire: Wire,
    transport: ServerTransport,
    opened: Time,
    heard: Time,
    /// One packet of a session, or bytes from the socket, before they go on.
    scratch: Vec<u8>,
}

/// Serves the connection until it ends. `first` was read from it already.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    wire: Wire,
    first: Vec<u8>,
    address: IpAddr,
    newcomer: Option<Newcomer>,
) {
    let now = shared.now();
    let mut connection = Connection {
        port: Port::new(&shared, ConnectionKind::Stream, address, newcomer),
        transport: ServerTransport::new(Arc::clone(&shared.secrets)),
        shared,
        wire,
        opened: now,
        heard: now,
        scratch: Vec::new(),
    };
    connection.transport.handle_bytes(&first);
    drop(first);
    if let Err(why) = connection.run().await {
        if why.is_slow() {
            connection.shared.note_slow_reader();
        }
        debug!(%why, "connection ends");
    }
}

/// Why a connection ends, for the log at debug level.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("the client left")]
    Left,
    #[error("input or output failed: {0}")]
    Io(#[from] io::Error),
    #[error("the bytes are of no transport: {0}")]
    Transport(#[from] mtproto::transport::TransportError),
    #[error("the packet was refused")]
    Refused,
    #[error("closed by its session")]
    Closed,
    #[error("the client said nothing for long")]
    Idle,
    #[error("no packet with a known key in time")]
    Newcomer,
    #[error("the client does not read")]
    Slow,
    #[error("the server stops")]
    Stop,
}

impl End {
    /// The client did not read: seen by its session, by a write that got nowhere, or by the system, for what that had
    /// taken already.
    fn is_slow(&self) -> bool {
        match self {
            Self::Slow => true,
            Self::Io(error) => error.kind() == io::ErrorKind::TimedOut,
            _ => false,
        }
    }
}

/// What a wait was ended by.
enum Woken {
    Read(usize),
    Other,
    Stop,
}

impl Connection {
    async fn run(&mut self) -> Result<(), End> {
        let mut stop = self.shared.stop.clone();
        let ended = loop {
            if let Err(end) = self.receive().await {
                // What was to be said (the transport error) is queued.
                break end;
            }
            let next = self.port.handle_timeouts(self.shared.now());
            // Looked at before writing: what was answered before the end was called is still sent.
            let closing = self.port.link.closing();
            self.transmit().await?;
            if let Some(end) = self.ending(closing) {
                break end;
            }
            self.rest();
            match self.wait(next, &mut stop).await? {
                Woken::Read(0) => return Err(End::Left),
                Woken::Read(_) => self.take_read(),
                Woken::Other => {}
                Woken::Stop => {
                    self.finish().await?;
                    break End::Stop;
                }
            }
        };
        self.flush().await?;
        let limit = Duration::from_secs(self.shared.limits.write_secs);
        // Whoever does not take the last word in time goes without it.
        let _ = tokio::time::timeout(limit, self.wire.shutdown()).await;
        Err(ended)
    }

    /// Processes the packets that are complete, as long as their queries have room.
    async fn receive(&mut self) -> Result<(), End> {
        while self.has_room() {
            let Some(inbound) = self.transport.poll_packet()? else { return Ok(()) };
            self.port.transport = transport_name(&self.wire, &self.transport);
            match self.port.receive(inbound.payload).await {
                Ok(Received::Nothing) => {}
                Ok(Received::Plain(packet)) => self.queue(&packet),
                Ok(Received::QuickAck(token)) if inbound.quick_ack => {
                    let random = Arc::clone(&self.shared.random);
                    let mut out = Vec::new();
                    self.transport.encode_quick_ack(token, &mut |b: &mut [u8]| random.fill(b), &mut out);
                    self.wire.queue(&out);
                }
                Ok(Received::QuickAck(_)) => {}
                Err(Refused::Error(code)) => self.queue_error(code),
                Err(Refused::Fatal(code)) => {
                    self.queue_error(code);
                    return Err(End::Refused);
                }
                Err(Refused::Close) => return Err(End::Refused),
            }
        }
        Ok(())
    }

    /// Writes what the sessions have for this connection, and what is queued.
    async fn transmit(&mut self) -> Result<(), End> {
        loop {
            let mut encoded = 0;
            while encoded < WRITE_BYTES {
                let mut packet = std::mem::take(&mut self.scratch);
                packet.clear();
                let has_more = self.port.transmit(&mut packet);
                if has_more {
                    encoded += packet.len();
                    self.queue(&packet);
                }
                self.scratch = packet;
                if !has_more {
                    break;
                }
            }
            if !self.wire.has_queued() {
                return Ok(());
            }
            self.flush().await?;
        }
    }

    fn queue(&mut self, packet: &[u8]) {
        let random = Arc::clone(&self.shared.random);
        let mut out = Vec::with_capacity(packet.len() + 32);
        self.transport.encode_packet(packet, &mut |b: &mut [u8]| random.fill(b), &mut out);
        self.wire.queue(&out);
    }

    fn queue_error(&mut self, code: TransportCode) {
        let random = Arc::clone(&self.shared.random);
        let mut out = Vec::new();
        self.transport.encode_error(code, &mut |b: &mut [u8]| random.fill(b), &mut out);
        self.wire.queue(&out);
    }

    /// Writes what is queued. A client that takes nothing of it for long ([`crate::io::Impatient`]), or lets its
    /// session's queue overflow meanwhile, is gone.
    async fn flush(&mut self) -> Result<(), End> {
        let link = Arc::clone(&self.port.link);
        let overflow = async {
            while link.closing() != Some(Close::Now) {
                link.woken().await;
            }
        };
        tokio::select! {
            biased;
            written = self.wire.flush() => written?,
            () = overflow => return Err(End::Slow),
        }
        // Wakes that came during the write were taken by `overflow`: look again.
        self.port.link.wake();
        Ok(())
    }

    /// Whether the connection ends here, after what is queued is written.
    fn ending(&mut self, closing: Option<Close>) -> Option<End> {
        let now = self.shared.now();
        match closing {
            Some(Close::Now) => return Some(End::Slow),
            Some(Close::AfterFlush) => return Some(End::Closed),
            Some(Close::KeyGone) => {
                self.queue_error(TransportCode::NotFound);
                return Some(End::Closed);
            }
            None => {}
        }
        if now >= self.idle_deadline() {
            return Some(End::Idle);
        }
        (!self.port.is_known && now >= self.newcomer_deadline()).then_some(End::Newcomer)
    }

    fn idle_deadline(&self) -> Time {
        self.heard.plus_secs(self.shared.limits.idle_secs.cast_signed())
    }

    fn newcomer_deadline(&self) -> Time {
        self.opened.plus_secs(self.shared.limits.newcomer_secs.cast_signed())
    }

    /// Gives back memory that an idle connection does not need.
    fn rest(&mut self) {
        self.scratch.clear();
        self.scratch.shrink_to(IDLE_BUFFER_BYTES);
    }

    async fn wait(
        &mut self,
        timer: Option<Time>,
        stop: &mut tokio::sync::watch::Receiver<bool>,
    ) -> io::Result<Woken> {
        let mut until = self.idle_deadline();
        if !self.port.is_known {
            until = until.min(self.newcomer_deadline());
        }
        until = timer.map_or(until, |timer| until.min(timer));
        let millis = (until.0 - self.shared.now().0).max(1).cast_unsigned();
        let has_room = self.has_room();
        let link = Arc::clone(&self.port.link);
        tokio::select! {
            () = link.woken() => Ok(Woken::Other),
            read = self.wire.read(&mut self.scratch), if has_room => Ok(Woken::Read(read?)),
            () = stopped(stop) => Ok(Woken::Stop),
            () = tokio::time::sleep(Duration::from_millis(millis)) => Ok(Woken::Other),
        }
    }

    fn has_room(&self) -> bool {
        self.port.link.has_room()
    }

    fn take_read(&mut self) {
        self.heard = self.shared.now();
        self.transport.handle_bytes(&self.scratch);
    }

    /// The server stops: what runs is waited for, for a short time, and its answers are written.
    async fn finish(&mut self) -> Result<(), End> {
        let deadline = tokio::time::sleep(Duration::from_secs(SHUTDOWN_SECS));
        tokio::pin!(deadline);
        while self.port.link.calls() > 0 {
            let link = Arc::clone(&self.port.link);
            tokio::select! {
                () = link.woken() => {}
                () = &mut deadline => break,
            }
        }
        self.transmit().await
    }
}

fn transport_name(wire: &Wire, transport: &ServerTransport) -> &'static str {
    if wire.is_websocket() { "websocket" } else { transport.name() }
}
