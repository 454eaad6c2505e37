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
use futures_util::future::try_join_all;
use tl_api::{enums, functions};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};

use super::{Scene, Stage, folder, setup};
use crate::people::Person;
use crate::report::Fault;
use crate::system;

/// Sessions that one key may have.
const PER_KEY: usize = 64;
const PER_STRANGER: usize = 4;
/// Whose sessions they are, as nobody may have a hundred devices, and who writes to both.
const READERS: [usize; 2] = [0, 4];
const WRITER: usize = 1;
/// Of every hundred connections, those of nobody who is signed in.
const STRANGERS: usize = 4;
/// Small, so that little of what is not read fits into the system's buffers.
const RECEIVE_BYTES: u32 = 4096;
const MESSAGES: usize = 60;
const MESSAGE_CHARS: usize = 4000;
/// What the server may keep for all of them together.
const OUTGOING_MIB: u64 = 64;
/// What a connection costs beside: its task, its session, what is encoded for it and not yet taken.
const CONNECTION_KIB: u64 = 384;
const WRITE_SECS: u64 = 5;
/// What the system may keep for a connection, both ends taken together.
const SYSTEM_KIB: u64 = 192;
/// Everybody who left messages unread is gone by then; with thousands, writing to them takes its time.
const DROPPED: Duration = Duration::from_secs(120);

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
    setup.config.push_str(&format!(
        "outgoing_bytes = {}\nwrite_secs = {WRITE_SECS}\nnewcomers_per_address = 20000\n",
        OUTGOING_MIB << 20
    ));
    let mut scene = Scene::begin(stage, setup, Some(folder)).await?;
    // Thousands of clients are slowly made where others take the processor.
    scene.rest().await?;
    let pid = scene.crowd.world.server.pid();
    let address = scene.crowd.world.server.address;
    let sockets = system::connections(address)?;
    let (start_kib, system_start_kib) = (system::memory_kib(pid)?.0, system::tcp_kib()?);
    let clock = Arc::clone(&scene.crowd.world.clock);
    let begun = clock.now().0;
    let strangers = size * STRANGERS / 100;
    let readers = gather(&scene, size, strangers).await?;
    let gathered = clock.now().0;
    let idle_kib = system::memory_kib(pid)?.0;
    readers.iter().for_each(|(_, deaf)| deaf.stop());
    scene.resume(stage);

    let writer = Arc::clone(&scene.crowd.people[WRITER]);
    let mut system_kib = 0;
    for (number, reader) in (0..MESSAGES).flat_map(|number| READERS.map(|reader| (number, reader))) {
        let request = functions::messages::SendMessage {
            peer: writer.peers.get(&reader).cloned().ok_or("nobody writes to a reader")?,
            message: format!("{number} {}", "w".repeat(MESSAGE_CHARS)),
            random_id: scene.crowd.world.random.i64(),
            ..Default::default()
        };
        // Not in the record: the checker takes what has no tag for the server's own.
        writer.ask(&request).await?;
        system_kib = system_kib.max(system::tcp_kib()?);
    }
    let written = clock.now().0;
    let others_ms = scene.goes_on("beside readers who do not read", Duration::from_secs(60)).await?;
    let dropped_ms = wait_for_drop(&scene, address, sockets + strangers, &mut system_kib).await?;
    let (after_kib, most_kib) = system::memory_kib(pid)?;
    let bound_kib = start_kib + size as u64 * CONNECTION_KIB + (OUTGOING_MIB << 10);
    if most_kib > bound_kib {
        return Err(format!("{most_kib} KiB for {size} readers; {bound_kib} were to be enough"));
    }
    let of_system_kib = system_kib.saturating_sub(system_start_kib) / size as u64;
    if of_system_kib > SYSTEM_KIB {
        return Err(format!("the system keeps {of_system_kib} KiB a reader; {SYSTEM_KIB} were to be enough"));
    }
    let counted = scene.figure("chatters_slow_readers_total").await?;
    let least = f64::from(u32::try_from(size - strangers).unwrap_or(u32::MAX));
    if counted < least {
        return Err(format!("the server counts {counted} slow readers, there were {least}"));
    }
    drop(readers);
    let fault = scene.end(&["a connection is closed whose client does not read"]).await?;
    let mib = |kib: u64| kib >> 10;
    note.push_str(&format!(
        "{size} connections that never read ({} s to make them), {MESSAGES} messages of {MESSAGE_CHARS} characters to \
         each ({} s): server {} MiB before, {} MiB connected ({} KiB each), {} MiB at most (bound: {} MiB), {} MiB \
         after; the system {} MiB at most ({of_system_kib} KiB each, both ends); all dropped after {} s",
        (gathered - begun) / 1000,
        (written - gathered) / 1000,
        mib(start_kib),
        mib(idle_kib),
        idle_kib.saturating_sub(start_kib) / size as u64,
        mib(most_kib),
        mib(bound_kib),
        mib(after_kib),
        mib(system_kib),
        dropped_ms / 1000,
    ));
    Ok(Fault { back_ms: others_ms, note, ..fault })
}

/// `size` sessions: those of the readers, and `strangers` of nobody.
async fn gather(scene: &Scene, size: usize, strangers: usize) -> Result<Vec<(Client, Deaf)>, String> {
    let (mut readers, mut keys) = (Vec::new(), 0);
    while readers.len() < size {
        let left = size - readers.len();
        let is_stranger = left <= strangers;
        // A key that nobody is signed in with has few sessions.
        let count = if is_stranger { left.min(PER_STRANGER) } else { (left - strangers).min(PER_KEY - 4) };
        let failed = |why: String| format!("reader {} of {size}: {why}", size - left);
        let whose = (!is_stranger).then_some(READERS[keys % READERS.len()]);
        keys += 1;
        let first = reader(scene, None, whose).await.map_err(failed)?;
        let identity = first.0.identity().clone();
        let others = (1..count).map(|_| reader(scene, Some(&identity), whose));
        let others = try_join_all(others).await.map_err(failed)?;
        readers.push(first);
        readers.extend(others);
    }
    Ok(readers)
}

/// One session that the server knows: of somebody or of nobody, and of a new key without an identity.
async fn reader(
    scene: &Scene,
    identity: Option<&Identity>,
    whose: Option<usize>,
) -> Result<(Client, Deaf), String> {
    let (client, deaf) = Deaf::connect(&scene.crowd.world, identity).await?;
    let asked = match whose {
        None => client.invoke(&functions::help::GetNearestDc {}).await.map(drop),
        Some(whose) => {
            if identity.is_none() {
                sign_in(&scene.crowd.people[whose], &client).await?;
            }
            client.invoke(&functions::updates::GetState {}).await.map(drop)
        }
    };
    asked.map_err(|why| why.to_string())?;
    Ok((client, deaf))
}

/// Signs in as somebody by a token, as a QR code carries it.
async fn sign_in(person: &Person, client: &Client) -> Result<(), String> {
    let request =
        || functions::auth::ExportLoginToken { api_id: 1, api_hash: "a".repeat(32), except_ids: Vec::new() };
    let failed = |why: client::ClientError| format!("signing in: {why}");
    let enums::auth::LoginToken::LoginToken(token) = client.invoke(&request()).await.map_err(failed)? else {
        return Err("no token".to_owned());
    };
    let accept = functions::auth::AcceptLoginToken { token: token.token };
    person.ask(&accept).await?;
    match client.invoke(&request()).await.map_err(failed)? {
        enums::auth::LoginToken::Success(_) => Ok(()),
        _ => Err("the token was accepted, and nobody is signed in".to_owned()),
    }
}

/// The milliseconds until no more than `left` sockets stay.
async fn wait_for_drop(
    scene: &Scene,
    address: SocketAddr,
    left: usize,
    system_kib: &mut u64,
) -> Result<i64, String> {
    let clock = &scene.crowd.world.clock;
    let started = clock.now().0;
    loop {
        let (open, waited) = (system::connections(address)?, clock.now().0 - started);
        if open <= left {
            return Ok(waited);
        }
        if waited > i64::try_from(DROPPED.as_millis()).unwrap_or(i64::MAX) {
            return Err(format!("{open} sockets are open, {left} were to be left\n{}", scene.tail()));
        }
        *system_kib = (*system_kib).max(system::tcp_kib()?);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
