//! What strangers, and clients gone wrong, cannot make the gateway do.

use std::time::Duration;

use client::{Client, ClientError};
use gateway::Limits;
use mtproto::transport::Framing;
use rpc::boundary::Sessions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Server, query, session_of, soon, until};

async fn with(limits: Limits) -> Server {
    Server::with(|parts| parts.limits = limits).await
}

/// Whether the server closes a connection on which nothing is said.
async fn is_closed(stream: &mut TcpStream, within: Duration) -> bool {
    let mut byte = [0];
    matches!(tokio::time::timeout(within, stream.read(&mut byte)).await, Ok(Ok(0) | Err(_)))
}

#[tokio::test]
async fn newcomers_from_one_address_are_few_until_they_show_a_key() {
    let server = with(Limits { newcomers_per_address: 2, ..Limits::default() }).await;
    let long = Duration::from_secs(10);
    let short = Duration::from_millis(200);
    let mut first = TcpStream::connect(server.address).await.unwrap();
    let mut second = TcpStream::connect(server.address).await.unwrap();
    let mut third = TcpStream::connect(server.address).await.unwrap();
    assert!(is_closed(&mut third, long).await);
    assert!(!is_closed(&mut first, short).await && !is_closed(&mut second, short).await);
    drop((first, second));
    let mut clients = Vec::new();
    for _ in 0..5 {
        let client = loop {
            // The places of those who left are free a moment later.
            match soon(Client::connect(server.config(Framing::Full, None), None)).await {
                Ok(client) => break client,
                Err(ClientError::Io(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(other) => panic!("{other}"),
            }
        };
        soon(client.call(query(9, &[]))).await.unwrap();
        clients.push(client);
    }
}

/// A key is quickly made: those that nobody is signed in with do not take all places.
#[tokio::test]
async fn connections_that_speak_for_nobody_are_few() {
    let limits = Limits { newcomers_per_address: 2, trusts_loopback: false, ..Limits::default() };
    let server = with(limits).await;
    let (first, second) = (server.client().await, server.client().await);
    for client in [&first, &second] {
        soon(client.call(query(9, &[]))).await.unwrap();
    }
    let mut third = TcpStream::connect(server.address).await.unwrap();
    assert!(is_closed(&mut third, Duration::from_secs(10)).await);
    server.registry.key_changed(first.identity().key.id(), true);
    soon(first.call(query(9, &[]))).await.unwrap();
    let third = server.client().await;
    soon(third.call(query(9, &[]))).await.unwrap();
}

#[tokio::test]
async fn keys_are_rationed() {
    let limits = Limits { keys_per_minute: 2, trusts_loopback: false, ..Limits::default() };
    let server = with(limits).await;
    let _two = (server.client().await, server.client().await);
    let third = soon(Client::connect(server.config(Framing::Abridged, None), None)).await;
    assert!(matches!(third, Err(ClientError::Transport(-429))), "{:?}", third.err());
}

#[tokio::test]
async fn connections_are_bounded() {
    let server = with(Limits { connections: 1, ..Limits::default() }).await;
    let client = server.client().await;
    soon(client.call(query(9, &[]))).await.unwrap();
    let mut second = TcpStream::connect(server.address).await.unwrap();
    assert!(is_closed(&mut second, Duration::from_secs(10)).await);
    assert_eq!(soon(client.call(query(9, &[]))).await.unwrap(), query(9, &[]));
}

#[tokio::test]
async fn key_exchanges_are_rationed() {
    let server = with(Limits { handshake_steps_per_minute: 4, ..Limits::default() }).await;
    let _first = server.client().await;
    let second = soon(Client::connect(server.config(Framing::Abridged, None), None)).await;
    assert!(matches!(second, Err(ClientError::Transport(-429))), "{:?}", second.err());
}

#[tokio::test]
async fn whoever_says_nothing_is_disconnected() {
    let server = with(Limits { idle_secs: 1, ..Limits::default() }).await;
    let client = server.client().await;
    soon(client.call(query(9, &[]))).await.unwrap();
    until("the idle connection is closed", || !server.is_connected(session_of(&client))).await;
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(&[0xef, 0x7f]).await.unwrap();
    assert!(is_closed(&mut half, Duration::from_secs(10)).await);
}

/// Nobody needs many sessions to sign in.
#[tokio::test]
async fn a_key_without_a_user_has_few_sessions() {
    let server = with(Limits::default()).await;
    let first = server.client().await;
    let identity = first.identity().clone();
    let another = || Client::connect(server.config(Framing::Abridged, None), Some(identity.clone()));
    soon(first.call(query(9, &[]))).await.unwrap();
    let mut clients = vec![first];
    while clients.len() < 8 {
        let client = soon(another()).await.unwrap();
        soon(client.call(query(9, &[]))).await.unwrap();
        clients.push(client);
    }
    if let Ok(client) = soon(another()).await {
        let answer = tokio::time::timeout(Duration::from_millis(500), client.call(query(9, &[]))).await;
        assert!(!matches!(answer, Ok(Ok(_))), "one too many");
    }
    assert_eq!(server.registry.session_count(), 8);

    server.registry.key_changed(identity.key.id(), true);
    let client = soon(another()).await.unwrap();
    soon(client.call(query(9, &[]))).await.unwrap();
    assert!(server.registry.session_count() > 8);
}
