//! Connections without sockets.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use gateway::Unbound;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

use crate::support::{Server, soon};

#[tokio::test]
async fn a_connection_needs_no_socket() {
    let mut parts = None;
    let server = Server::with(|usual| parts = Some(crate::support::copy(usual))).await;
    let (_stop, stopped) = watch::channel(false);
    let gateway = Arc::new(Unbound::new(parts.unwrap(), stopped));
    let (mut ours, theirs) = tokio::io::duplex(1024);
    let serving = Arc::clone(&gateway);
    let task = gateway::task::spawn(async move {
        serving.connection(theirs, IpAddr::V4(Ipv4Addr::LOCALHOST)).await;
    });
    soon(ours.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).await.unwrap();
    let mut answer = String::new();
    soon(ours.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    soon(task).await.unwrap();
    server.stop().await;
}
