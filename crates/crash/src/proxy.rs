//! A network between the server and its database, which can be cut or swallow everything.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const CHUNK: usize = 16 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Pass,
    /// Nothing comes through, and nobody is told.
    Stall,
    /// The connection is over.
    Cut,
}

pub(crate) struct Proxy {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

struct State {
    fresh: Mode,
    connections: Vec<watch::Sender<Mode>>,
}

impl Proxy {
    pub(crate) async fn start(to: u16) -> Result<Self, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|why| why.to_string())?;
        let port = listener.local_addr().map_err(|why| why.to_string())?.port();
        let state = Arc::new(Mutex::new(State { fresh: Mode::Pass, connections: Vec::new() }));
        let task = Handle::current().spawn(accept(listener, to, Arc::clone(&state)));
        Ok(Self { port, state, task })
    }

    /// What becomes of the connections there are, and of new ones.
    pub(crate) fn set(&self, existing: Mode, fresh: Mode) {
        let mut state = lock(&self.state);
        state.fresh = fresh;
        state.connections.retain(|connection| connection.send(existing).is_ok());
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.set(Mode::Cut, Mode::Cut);
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, to: u16, state: Arc<Mutex<State>>) {
    while let Ok((near, _)) = listener.accept().await {
        let mode = {
            let mut state = lock(&state);
            let (sender, mode) = watch::channel(state.fresh);
            state.connections.push(sender);
            mode
        };
        Handle::current().spawn(carry(near, to, mode));
    }
}

async fn carry(near: TcpStream, to: u16, mut mode: watch::Receiver<Mode>) {
    if !open(&mut mode).await {
        return;
    }
    let Ok(far) = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], to))).await else { return };
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    tokio::select! {
        () = pump(near_in, far_out, mode.clone()) => {}
        () = pump(far_in, near_out, mode) => {}
    }
}

/// Waits until bytes may pass; false when the connection is over.
async fn open(mode: &mut watch::Receiver<Mode>) -> bool {
    match mode.wait_for(|mode| *mode != Mode::Stall).await {
        Ok(mode) => *mode == Mode::Pass,
        Err(_) => false,
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut mode: watch::Receiver<Mode>) {
    let mut buffer = vec![0; CHUNK];
    loop {
        if !open(&mut mode).await {
            return;
        }
        let read = tokio::select! {
            read = from.read(&mut buffer) => read,
            _ = mode.changed() => continue,
        };
        let Ok(read) = read else { return };
        // What was on its way when the network failed is lost or late with it.
        if read == 0 || !open(&mut mode).await || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
