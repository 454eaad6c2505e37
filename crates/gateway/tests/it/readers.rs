//! Clients that stop reading, and clients that read slowly.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use client::{BoxIo, Client, Connect, Identity, Wire};
use domain::BoxFuture;
use gateway::Limits;
use mtproto::session::client::ClientSession;
use mtproto::transport::Framing;
use rpc::boundary::{SessionRef, Sessions};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Sleep, sleep};

use crate::support::{PATIENCE, PUSH, Server, config, noise, query, soon, until};

async fn with(limits: Limits) -> Server {
    Server::with(|parts| parts.limits = limits).await
}

async fn identity(server: &Server) -> Identity {
    let client = server.client().await;
    soon(client.call(query(PUSH, &[1]))).await.unwrap();
    client.identity().clone()
}

/// A reader that stops loses its connection, not the server its memory.
#[tokio::test]
async fn slow_readers_are_dropped() {
    let server = with(Limits { write_secs: 1, ..Limits::default() }).await;
    let deaf = Deaf::new(&server, identity(&server).await).await;
    let session = deaf.ask(&server).await;
    let body = [query(9, &[]), vec![1; 60_000]].concat();
    for _ in 0..2_000 {
        if !server.registry.push(session, &body) {
            break;
        }
        tokio::task::yield_now().await;
    }
    until("the deaf connection is dropped", || !server.is_connected(session)).await;

    let other = server.client().await;
    assert_eq!(soon(other.call(query(9, &[]))).await.unwrap(), query(9, &[]));
}

/// What fits into the system's buffers is written as far as the server can tell; it is not kept for ever.
#[tokio::test]
async fn readers_are_dropped_who_leave_little_unread() {
    for send_buffer_bytes in [Limits::default().send_buffer_bytes, 0] {
        let server = with(Limits { write_secs: 1, send_buffer_bytes, ..Limits::default() }).await;
        let deaf = Deaf::new(&server, identity(&server).await).await;
        let session = deaf.ask(&server).await;
        for number in 0..5 {
            assert!(server.registry.push(session, &[query(9, &[]), noise(number, 10_000)].concat()));
        }
        until("the deaf connection is dropped", || !server.is_connected(session)).await;
    }
}

/// A client on a bad line gets all of an answer, however long that takes.
#[tokio::test]
async fn readers_who_are_slow_and_read_are_kept() {
    let server = with(Limits { write_secs: 1, ..Limits::default() }).await;
    let connect = Arc::new(Slow(server.address));
    let client = soon(Client::connect(config(connect, Framing::Intermediate, None), None)).await.unwrap();
    let body = [query(9, &[]), noise(1, 1 << 20)].concat();
    let asked = client.call(body.clone());
    assert!(soon(asked).await.unwrap() == body, "what was sent comes back");
}

struct Deaf {
    wire: Wire,
    identity: Identity,
}

impl Deaf {
    /// One that has room for little.
    async fn new(server: &Server, identity: Identity) -> Self {
        let config = config(Arc::new(Small(server.address)), Framing::Intermediate, None);
        Self { wire: Wire::open(&config).await.unwrap(), identity }
    }

    /// Shows its session to the server and then sleeps on the connection.
    async fn ask(mut self, server: &Server) -> SessionRef {
        let Identity { key, salt, time_offset } = self.identity.clone();
        let session = SessionRef { key_id: key.id(), session_id: 4242 };
        let mut state = ClientSession::new(key, session.session_id, salt, time_offset);
        state.request(query(9, &[])).unwrap();
        let mut packet = Vec::new();
        let config = server.config(Framing::Intermediate, None);
        let random = config.random.clone();
        let now = config.clock.now().0;
        assert!(state.poll_transmit(now, &mut |bytes: &mut [u8]| random.fill(bytes), &mut packet));
        self.wire.send(&packet, false).await.unwrap();
        until("the session is there", || server.is_connected(session)).await;
        gateway::task::spawn(async move {
            sleep(PATIENCE * 2).await;
            drop(self);
        });
        session
    }
}

async fn dial(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4096)?;
    socket.connect(address).await
}

/// Connections of which the system keeps little that was not read.
struct Small(SocketAddr);

impl Connect for Small {
    fn connect(&self) -> BoxFuture<io::Result<BoxIo>> {
        let address = self.0;
        Box::pin(async move { Ok(Box::new(dial(address).await?) as BoxIo) })
    }
}

/// Connections that bring four kilobytes every few milliseconds at most.
struct Slow(SocketAddr);

impl Connect for Slow {
    fn connect(&self) -> BoxFuture<io::Result<BoxIo>> {
        let address = self.0;
        Box::pin(
            async move { Ok(Box::new(SlowStream { stream: dial(address).await?, pause: None }) as BoxIo) },
        )
    }
}

struct SlowStream {
    stream: TcpStream,
    pause: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for SlowStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        let mut some = [0; 4096];
        let mut read = ReadBuf::new(&mut some);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read))?;
        out.put_slice(read.filled());
        self.pause = Some(Box::pin(sleep(Duration::from_millis(12))));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SlowStream {
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
