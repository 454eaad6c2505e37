//! `/metrics` and `/healthz`, on an address that is not the public one.
//!
//! Nobody is asked who they are, so there is nothing about anybody in it. One request a connection, a bounded head, a
//! deadline for all of it: whoever scrapes needs no more, and no more can be held.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use domain::UserId;
use gateway::Registry;
use store::{Store, StoreError, users};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tracing::{debug, warn};

use crate::process;

/// The longest head of a request.
const HEAD_BYTES: usize = 8 << 10;
/// From the connection to the end of the answer.
const REQUEST_SECS: u64 = 5;
/// How long a read of the database may take in good health.
const HEALTHY_READ: Duration = Duration::from_secs(1);
/// Requests that are answered at once; others wait.
const REQUESTS_AT_ONCE: usize = 16;
/// Prometheus' text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
const TEXT_TYPE: &str = "text/plain; charset=utf-8";

/// Where figures come from that are not counted as they change.
#[derive(Clone)]
pub(crate) struct Sources {
    pub(crate) store: Store,
    pub(crate) registry: Arc<Registry>,
}

pub(crate) struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Nothing without an address.
    pub(crate) async fn bind(address: Option<SocketAddr>) -> Result<Option<Self>, String> {
        let Some(address) = address else { return Ok(None) };
        if !is_private(address.ip()) {
            warn!(%address, "metrics can be read by whoever reaches this address: it is not a private one");
        }
        let why = |why: io::Error| format!("metrics on {address}: {why}");
        let listener = TcpListener::bind(address).await.map_err(why)?;
        let address = listener.local_addr().map_err(why)?;
        Ok(Some(Self { listener, address }))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until it is dropped.
    pub(crate) async fn run(self, sources: Sources) {
        let places = Arc::new(Semaphore::new(REQUESTS_AT_ONCE));
        loop {
            // The semaphore is never closed.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let sources = sources.clone();
                    gateway::task::spawn(async move {
                        let limit = Duration::from_secs(REQUEST_SECS);
                        match tokio::time::timeout(limit, serve(stream, &sources)).await {
                            Ok(Ok(())) => {}
                            Ok(Err(error)) => debug!(%error, "a request for metrics ends"),
                            Err(_) => debug!("a request for metrics ends: it took too long"),
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    warn!(%error, "no request for metrics accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

async fn serve(mut stream: TcpStream, sources: &Sources) -> io::Result<()> {
    let Some(head) = read_head(&mut stream).await? else {
        return answer(&mut stream, "431 Request Header Fields Too Large", TEXT_TYPE, "").await;
    };
    match route(&head) {
        Route::Metrics => {
            let text = figures(sources).await;
            answer(&mut stream, "200 OK", METRICS_TYPE, &text).await
        }
        Route::Health => match health(&sources.store).await {
            Ok(()) => answer(&mut stream, "200 OK", TEXT_TYPE, "ok\n").await,
            Err(why) => answer(&mut stream, "503 Service Unavailable", TEXT_TYPE, why).await,
        },
        Route::NotFound => answer(&mut stream, "404 Not Found", TEXT_TYPE, "").await,
        Route::NotAllowed => answer(&mut stream, "405 Method Not Allowed", TEXT_TYPE, "").await,
        Route::Malformed => answer(&mut stream, "400 Bad Request", TEXT_TYPE, "").await,
    }
}

/// The bytes up to the empty line; nothing when there are too many.
async fn read_head(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    let mut some = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() >= HEAD_BYTES {
            return Ok(None);
        }
        let read = stream.read(&mut some).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        head.extend_from_slice(some.get(..read).unwrap_or_default());
    }
    Ok(Some(head))
}

#[derive(Debug, PartialEq, Eq)]
enum Route {
    Metrics,
    Health,
    NotFound,
    NotAllowed,
    Malformed,
}

fn route(head: &[u8]) -> Route {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let Ok(line) = std::str::from_utf8(line) else { return Route::Malformed };
    let words: Vec<&str> = line.split(' ').collect();
    let [method, target, "HTTP/1.1" | "HTTP/1.0"] = words[..] else { return Route::Malformed };
    let path = target.split('?').next().unwrap_or_default();
    match (method, path) {
        ("GET", "/metrics") => Route::Metrics,
        ("GET", "/healthz") => Route::Health,
        (_, "/metrics" | "/healthz") => Route::NotAllowed,
        _ => Route::NotFound,
    }
}

async fn answer(stream: &mut TcpStream, status: &str, kind: &str, body: &str) -> io::Result<()> {
    let allow = if status.starts_with("405") { "Allow: GET\r\n" } else { "" };
    let text = format!(
        "HTTP/1.1 {status}\r\n{allow}Content-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

async fn figures(sources: &Sources) -> String {
    meters::SESSIONS.set(i64::try_from(sources.registry.session_count()).unwrap_or(i64::MAX));
    meters::OUTGOING_BYTES.set(i64::try_from(sources.registry.outgoing_bytes()).unwrap_or(i64::MAX));
    // Reading `/proc` is quick, but it is reading files.
    let render = || {
        let mut text = String::new();
        meters::render(&mut text);
        process::render(&mut text);
        let name = concat!("chatters_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}");
        text + "# HELP chatters_build_info What runs.\n# TYPE chatters_build_info gauge\n" + name + " 1\n"
    };
    tokio::task::spawn_blocking(render).await.unwrap_or_default()
}

/// One word about what is wrong.
async fn health(store: &Store) -> Result<(), &'static str> {
    // Whether there is somebody with this id does not matter: the database was asked.
    let read = store.read(|tx| users::get(tx, UserId(0)).map(drop));
    let read: Result<Result<(), StoreError>, _> = tokio::time::timeout(HEALTHY_READ, read).await;
    match read {
        Err(_) => Err("slow\n"),
        Ok(Err(_)) => Err("database\n"),
        Ok(Ok(())) if meters::DATABASE_WRITES.get() == 0 => Err("disk\n"),
        Ok(Ok(())) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use domain::Time;
    use domain::testing::{ManualClock, SeededRandom};
    use store::{KeyFile, StoreConfig};

    use super::*;

    #[tokio::test]
    async fn health_names_what_is_broken() {
        let folder = tempfile::tempdir().unwrap();
        let root = Arc::new(KeyFile::new(folder.path().join("keys").join("root.key")));
        let clock = Arc::new(ManualClock::new(Time::from_secs(1_000_000)));
        let config = StoreConfig::embedded(folder.path(), root);
        let store = Store::open(&config, clock, Arc::new(SeededRandom::new(1))).unwrap();
        assert_eq!(health(&store).await, Ok(()));
        meters::DATABASE_WRITES.set(0);
        assert_eq!(health(&store).await, Err("disk\n"));
        store.close();
        assert_eq!(health(&store).await, Err("database\n"));
    }

    #[test]
    fn routes() {
        let check = |head: &str, expected: Route| assert_eq!(route(head.as_bytes()), expected, "{head:?}");
        check("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", Route::Metrics);
        check("GET /metrics?x=1 HTTP/1.0\r\n\r\n", Route::Metrics);
        check("GET /healthz HTTP/1.1\r\n\r\n", Route::Health);
        check("POST /healthz HTTP/1.1\r\n\r\n", Route::NotAllowed);
        check("GET / HTTP/1.1\r\n\r\n", Route::NotFound);
        check("GET /metrics/ HTTP/1.1\r\n\r\n", Route::NotFound);
        check("GET /metrics\r\n\r\n", Route::Malformed);
        check("\r\n\r\n", Route::Malformed);
    }

    #[test]
    fn private_addresses() {
        for ip in ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "::1", "fd00::1", "::ffff:127.0.0.1"]
        {
            assert!(is_private(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["0.0.0.0", "203.0.113.7", "::", "2001:db8::1"] {
            assert!(!is_private(ip.parse().unwrap()), "{ip}");
        }
    }
}
