//! Thousands of readers who do not read.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bench::world::World;
use client::{BoxIo, Client, Connect, Identity};
use domain::BoxFuture;
use tl_api::{enums, functions};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};

use super::{Scene, Stage, folder, setup};
use crate::report::Fault;
use crate::system;

/// Sessions that one key may have.
const PER_KEY: usize = 64;
/// Of every hundred connections, those of nobody who is signed in.
const STRANGERS: usize = 4;
/// Small, so that little of what is not read fits into the system's buffers.
const RECEIVE_BYTES: u32 = 4096;
const MESSAGES: usize = 60;
const MESSAGE_CHARS: usize = 4000;
/// What the server may keep for all of them together.
const OUTGOING_MIB: u64 = 64;
/// What a connection costs beside: its task, its session, what is encoded for it and not yet taken.
const CONNECTION_KIB: u64 = 192;
const WRITE_SECS: u64 = 5;
/// Those whose messages do not fit into the system's buffers are gone by then.
const DROPPED: Duration = Duration::from_secs(20);

/// A connection that can be told to stop reading.
pub(super) struct Deaf {
    deaf: Arc<AtomicBool>,
}

impl Deaf {
    pub(super) async fn connect(
        world: &World,
        identity: Option<&Identity>,
    ) -> Result<(Client, Self), String> {
        let deaf = Arc::new(AtomicBool::new(false));
        let address = world.server.address;
        let connect = Arc::new(DeafTcp { address, deaf: Arc::clone(&deaf), once: AtomicBool::new(false) });
        let config = client::Config { connect, ..world.config()? };
        let client = Client::connect(config, identity.cloned()).await.map_err(|why| why.to_string())?;
        Ok((client, Self { deaf }))
    }

    pub(super) fn stop(&self) {
        self.deaf.store(true, Ordering::Relaxed);
    }
}

/// Connects once: who vanished does not come back.
struct DeafTcp {
    address: SocketAddr,
    deaf: Arc<AtomicBool>,
    once: AtomicBool,
}

impl Connect for DeafTcp {
    fn connect(&self) -> BoxFuture<io::Result<BoxIo>> {
        let (address, deaf) = (self.address, Arc::clone(&self.deaf));
        let again = self.once.swap(true, Ordering::Relaxed);
        Box::pin(async move {
            if again {
                std::future::pending::<()>().await;
            }
            let socket = TcpSocket::new_v4()?;
            socket.set_recv_buffer_size(RECEIVE_BYTES)?;
            let stream = socket.connect(address).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(DeafStream { stream, deaf }) as BoxIo)
        })
    }
}

struct DeafStream {
    stream: TcpStream,
    deaf: Arc<AtomicBool>,
}

impl AsyncRead for DeafStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.deaf.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_read(cx, out)
    }
}

impl AsyncWrite for DeafStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

pub(crate) async fn readers(stage: &Stage) -> Result<Fault, String> {
    let mut size = if stage.full { 10_000 } else { 600 };
    let files = system::raise_file_limit();
    let room = usize::try_from(files).unwrap_or(usize::MAX).saturating_sub(500);
    let mut note = String::new();
    if size > room {
        note = format!("only {room} connections fit into the limit of {files} files; ");
        size = room;
    }
    let folder = folder()?;
    let mut setup = setup(stage, folder.path());
    setup.config = format!(
        "[limits]\noutgoing_bytes = {}\nwrite_secs = {WRITE_SECS}\nnewcomers_per_address = 20000\n",
        OUTGOING_MIB << 20
    );
    let scene = Scene::begin(stage, setup, Some(folder)).await?;
    let pid = scene.crowd.world.server.pid();
    let address = scene.crowd.world.server.address;
    let connections = system::connections(address)?;
    let start_kib = system::memory_kib(pid)?.0;
    let readers = gather(&scene, size).await?;
    let idle_kib = system::memory_kib(pid)?.0;
    readers.iter().for_each(|(_, deaf)| deaf.stop());

    let writer = Arc::clone(&scene.crowd.people[1]);
    let victim = scene.crowd.people[0].user_id;
    let peer = writer.peers.get(&0).cloned().ok_or_else(|| format!("nobody writes to {victim}"))?;
    for number in 0..MESSAGES {
        let request = functions::messages::SendMessage {
            peer: peer.clone(),
            message: format!("{number} {}", "w".repeat(MESSAGE_CHARS)),
            random_id: scene.crowd.world.random.i64(),
            ..Default::default()
        };
        // Not in the record: the checker takes what has no tag for the server's own.
        writer.ask(&request).await?;
    }
    let others_ms = scene.goes_on("beside readers who do not read", Duration::from_secs(60)).await?;
    let dropped = wait_for_drop(&scene, address, connections + size / 10).await?;
    let (after_kib, most_kib) = system::memory_kib(pid)?;
    let bound_kib = start_kib + size as u64 * CONNECTION_KIB + (OUTGOING_MIB << 10);
    if most_kib > bound_kib {
        return Err(format!("{most_kib} KiB for {size} readers; {bound_kib} were to be enough"));
    }
    drop(readers);
    let fault = scene.end(&[]).await?;
    let mib = |kib: u64| kib >> 10;
    note.push_str(&format!(
        "{size} connections that never read, {MESSAGES} messages of {MESSAGE_CHARS} characters to each: memory \
         {} MiB before, {} MiB connected, {} MiB at most (bound: {} MiB), {} MiB after; {} % dropped after {} s",
        mib(start_kib),
        mib(idle_kib),
        mib(most_kib),
        mib(bound_kib),
        mib(after_kib),
        dropped.0,
        dropped.1 / 1000,
    ));
    Ok(Fault { back_ms: others_ms, note, ..fault })
}

/// Sessions of person 0, and some of nobody.
async fn gather(scene: &Scene, size: usize) -> Result<Vec<(Client, Deaf)>, String> {
    let world = &scene.crowd.world;
    let mut readers = Vec::new();
    let mut identity: Option<Identity> = None;
    let mut stranger: Option<Identity> = None;
    let mut of_key = 0;
    for number in 0..size {
        let failed = |why: String| format!("reader {number}: {why}");
        let is_stranger = number % 100 < STRANGERS;
        // A key that nobody is signed in with has few sessions.
        let (key, renew) = if is_stranger {
            (&mut stranger, (number % 100) == 0)
        } else {
            of_key += 1;
            (&mut identity, of_key % (PER_KEY - 4) == 1)
        };
        if renew {
            *key = None;
        }
        let (client, deaf) = Deaf::connect(world, key.as_ref()).await.map_err(failed)?;
        if key.is_none() {
            *key = Some(client.identity().clone());
            if !is_stranger {
                sign_in(scene, &client).await.map_err(failed)?;
            }
        }
        if is_stranger {
            let asked = client.invoke(&functions::help::GetNearestDc {}).await;
            asked.map_err(|why| failed(why.to_string()))?;
        } else {
            let asked = client.invoke(&functions::updates::GetState {}).await;
            asked.map_err(|why| failed(why.to_string()))?;
        }
        readers.push((client, deaf));
    }
    Ok(readers)
}

/// Signs in as person 0 by a token, as a QR code carries it.
async fn sign_in(scene: &Scene, client: &Client) -> Result<(), String> {
    let request =
        || functions::auth::ExportLoginToken { api_id: 1, api_hash: "a".repeat(32), except_ids: Vec::new() };
    let failed = |why: client::ClientError| format!("signing in: {why}");
    let enums::auth::LoginToken::LoginToken(token) = client.invoke(&request()).await.map_err(failed)? else {
        return Err("no token".to_owned());
    };
    let accept = functions::auth::AcceptLoginToken { token: token.token };
    scene.crowd.people[0].ask(&accept).await?;
    match client.invoke(&request()).await.map_err(failed)? {
        enums::auth::LoginToken::Success(_) => Ok(()),
        _ => Err("the token was accepted, and nobody is signed in".to_owned()),
    }
}

/// The share of readers in percent that are dropped, and the milliseconds until no more than `left` connections stay or
/// the time is over.
async fn wait_for_drop(scene: &Scene, address: SocketAddr, left: usize) -> Result<(usize, i64), String> {
    let clock = &scene.crowd.world.clock;
    let (started, most) = (clock.now().0, system::connections(address)?.max(1));
    loop {
        let (open, waited) = (system::connections(address)?, clock.now().0 - started);
        if open <= left {
            return Ok((100 - open * 100 / most, waited));
        }
        // What the system's own buffers hold is written as far as the server can tell: those stay.
        if waited > i64::try_from(DROPPED.as_millis()).unwrap_or(i64::MAX) {
            return Ok((100 - open * 100 / most, waited));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
