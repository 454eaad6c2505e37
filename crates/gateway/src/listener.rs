//! The public port: whoever connects is let in, listened to, and handed to what speaks its language.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use mtproto::transport::{Sniff, sniff};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{debug, info, warn};

use crate::admission::Newcomer;
use crate::http::{self, Served};
use crate::io::{BoxIo, Impatient, Io, Metered, Prefixed, read_some};
use crate::limits::{FIRST_BYTES_SECS, JANITOR_SECS, Limits, SHUTDOWN_SECS};
use crate::shared::{Shared, stopped};
use crate::wire::Wire;
use crate::{stream, task};

/// Accepts connections until the server stops, then waits a short time for them to end.
pub(crate) async fn run(shared: Arc<Shared>, listener: TcpListener) {
    let connections_max = shared.limits.connections;
    let places = Arc::new(Semaphore::new(connections_max));
    let mut stop = shared.stop.clone();
    if let Err(error) = bound_unread(&listener, &shared.limits) {
        warn!(%error, "what clients leave unread is bounded by the system alone");
    }
    let janitor = task::spawn(janitor(Arc::clone(&shared)));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut stop) => break,
        };
        match accepted {
            Ok((socket, peer)) => admit(&shared, &places, socket, peer),
            Err(error) => {
                // Out of file descriptors, mostly: what is open has to end before this can succeed.
                warn!(%error, "no connection accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let all = u32::try_from(connections_max).unwrap_or(u32::MAX);
    let limit = Duration::from_secs(SHUTDOWN_SECS + 1);
    if tokio::time::timeout(limit, places.acquire_many(all)).await.is_err() {
        info!(left = connections_max - places.available_permits(), "connections cut off");
    }
    janitor.abort();
}

/// Bounds what the system keeps for a client that does not read, in bytes and time, so that it is not for the system
/// to decide when such a client is noticed. Accepted sockets inherit it from the one that listens.
fn bound_unread(listener: &TcpListener, limits: &Limits) -> io::Result<()> {
    use rustix::net::sockopt;
    if limits.send_buffer_bytes > 0 {
        sockopt::set_socket_send_buffer_size(listener, limits.send_buffer_bytes)?;
    }
    #[cfg(target_os = "linux")]
    {
        let millis = u32::try_from(limits.write_secs.saturating_mul(1000)).unwrap_or(u32::MAX);
        sockopt::set_tcp_user_timeout(listener, millis)?;
    }
    Ok(())
}

/// A client's stream, on which whoever reads nothing is noticed.
pub(crate) fn watched(io: impl Io + 'static, limits: &Limits) -> BoxIo {
    Box::new(Impatient::new(io, Duration::from_secs(limits.write_secs)))
}

fn admit(shared: &Arc<Shared>, places: &Arc<Semaphore>, socket: TcpStream, peer: SocketAddr) {
    let address = peer.ip().to_canonical();
    let Ok(place) = Arc::clone(places).try_acquire_owned() else {
        meters::CONNECTIONS_REFUSED.add(1);
        debug!("connection refused: the server is full");
        return;
    };
    let Some(newcomer) = shared.admission.enter(address, shared.now()) else {
        meters::CONNECTIONS_REFUSED.add(1);
        debug!("connection refused: too many from one address");
        return;
    };
    meters::CONNECTIONS_ACCEPTED.add(1);
    // Packets are small and answers awaited: no delay. A socket that is gone already fails later.
    let _ = socket.set_nodelay(true);
    let io = watched(Metered(socket), &shared.limits);
    task::spawn(serve(Arc::clone(shared), io, address, newcomer, place));
}

async fn serve(
    shared: Arc<Shared>,
    io: BoxIo,
    address: IpAddr,
    newcomer: Newcomer,
    _place: OwnedSemaphorePermit,
) {
    let _open = meters::CONNECTIONS.hold();
    converse(shared, io, address, newcomer).await;
}

/// Finds out what is spoken, and speaks it until the connection ends.
pub(crate) async fn converse(shared: Arc<Shared>, io: BoxIo, address: IpAddr, newcomer: Newcomer) {
    let limit = Duration::from_secs(FIRST_BYTES_SECS);
    let opening = Box::pin(open(&shared, io));
    let (io, first, is_http) = match tokio::time::timeout(limit, opening).await {
        Ok(Ok(opened)) => opened,
        Ok(Err(error)) => return debug!(%error, "connection ends before it began"),
        Err(_) => return debug!("connection ends: no first bytes in time"),
    };
    let mut newcomer = Some(newcomer);
    // Each way is boxed, so that a connection's task is no larger than the way it went.
    if !is_http {
        let _open = meters::STREAMS.hold();
        return Box::pin(stream::serve(shared, Wire::stream(io), first, address, newcomer)).await;
    }
    let open = meters::HTTP.hold();
    let served = Box::pin(http::serve(Arc::clone(&shared), io, first, address, &mut newcomer)).await;
    drop(open);
    if let Served::WebSocket(io) = served {
        let _open = meters::WEBSOCKETS.hold();
        let wire = Wire::websocket(io).await;
        Box::pin(stream::serve(shared, wire, Vec::new(), address, newcomer)).await;
    }
}

/// Reads until it is clear what is spoken, and through TLS if it is that.
async fn open(shared: &Shared, mut io: BoxIo) -> io::Result<(BoxIo, Vec<u8>, bool)> {
    let mut is_tls = false;
    loop {
        let mut first = Vec::new();
        let sniffed = loop {
            if read_some(&mut io, &mut first).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match sniff(&first) {
                Sniff::NeedMore => {}
                told => break told,
            }
        };
        match (sniffed, &shared.tls) {
            (Sniff::Tls, Some(tls)) if !is_tls => {
                is_tls = true;
                let stream = tls.accept(Prefixed::new(first, io)).await?;
                io = Box::new(stream);
            }
            (Sniff::Tls, _) => return Err(io::Error::other("TLS where there is none")),
            (Sniff::Http, _) => return Ok((io, first, true)),
            (Sniff::Mtproto | Sniff::NeedMore, _) => return Ok((io, first, false)),
        }
    }
}

/// Forgets what is over: idle sessions, idle keys, quiet addresses.
async fn janitor(shared: Arc<Shared>) {
    let mut tick = tokio::time::interval(Duration::from_secs(JANITOR_SECS));
    loop {
        tokio::select! {
            _ = tick.tick() => {
                let now = shared.now();
                shared.registry.sweep(now);
                shared.admission.sweep(now);
                shared.http_exchanges.sweep(now);
            }
            () = shared.registry.gone_news.notified() => {}
        }
        shared.report_gone();
    }
}
