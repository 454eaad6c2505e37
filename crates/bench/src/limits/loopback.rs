//! Sockets of this machine with nobody behind them who thinks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle};

use crate::latencies::Latencies;
use crate::system::micros;

const CONNECTIONS: usize = 100;
/// About what one sealed message has.
const BYTES: usize = 300;

pub struct Loopback {
    pub per_s: f64,
    pub alone_ms: f64,
}

pub fn measure(millis: i64) -> Result<Loopback, String> {
    // As the server has it: a thread for each processor, the clients on the same ones.
    let runtime = Builder::new_multi_thread().enable_all().build().map_err(|why| why.to_string())?;
    runtime.block_on(echo(millis)).map_err(|why| format!("loopback: {why}"))
}

async fn echo(millis: i64) -> std::io::Result<Loopback> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let server = Handle::current().spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            Handle::current().spawn(answer(stream));
        }
    });
    let mut alone = TcpStream::connect(address).await?;
    alone.set_nodelay(true)?;
    let (begin, mut latencies) = (micros(), Latencies::default());
    while micros() - begin < millis * 1000 {
        let one = micros();
        there_and_back(&mut alone).await?;
        latencies.add(micros() - one);
    }
    let count = Arc::new(AtomicU64::new(0));
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let count = Arc::clone(&count);
        clients.push(Handle::current().spawn(async move {
            while there_and_back(&mut stream).await.is_ok() {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    let begin = micros();
    tokio::time::sleep(Duration::from_millis(millis.unsigned_abs())).await;
    let per_s = count.load(Ordering::Relaxed) as f64 * 1e6 / (micros() - begin) as f64;
    clients.iter().for_each(tokio::task::JoinHandle::abort);
    server.abort();
    Ok(Loopback { per_s, alone_ms: latencies.summary().p50 })
}

async fn there_and_back(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut bytes = [7; BYTES];
    stream.write_all(&bytes).await?;
    stream.read_exact(&mut bytes).await.map(drop)
}

async fn answer(mut stream: TcpStream) {
    let mut bytes = [0; BYTES];
    if stream.set_nodelay(true).is_err() {
        return;
    }
    while stream.read_exact(&mut bytes).await.is_ok() && stream.write_all(&bytes).await.is_ok() {}
}
