//! Keys: unknown, temporary, bound, dropped, and a store that fails.

use client::{Client, ClientError, Identity, Wire};
use domain::Random;
use mtproto::AuthKey;
use mtproto::handshake::client::KeyKind;
use mtproto::transport::Framing;
use rpc::boundary::Sessions;

use crate::support::{BIND, DROP_KEY, Server, System, WHO, lock, query, session_of, soon, until};

fn stranger() -> Identity {
    let random: &dyn Random = &System;
    let mut key = random.bytes::<256>();
    key[0] |= 0x80;
    Identity { key: AuthKey::new(&key), salt: 0, time_offset: 0 }
}

fn is_unknown<T: std::fmt::Debug>(result: Result<T, ClientError>) -> bool {
    match result {
        Err(ClientError::Transport(-404)) => true,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_unknown_key_is_answered_404() {
    let server = Server::start().await;
    for framing in [Framing::Abridged, Framing::Intermediate, Framing::PaddedIntermediate, Framing::Full] {
        let client = soon(Client::connect(server.config(framing, None), Some(stranger()))).await.unwrap();
        assert!(is_unknown(soon(client.call(query(9, &[]))).await), "{framing:?}");
    }
    assert_eq!(server.registry.session_count(), 0);
}

/// After -404 clients make a new key on the same connection; but nobody tries keys without end.
#[tokio::test]
async fn a_connection_may_go_on_after_an_unknown_key() {
    let server = Server::start().await;
    let config = server.config(Framing::Intermediate, None);
    let mut wire = Wire::open(&config).await.unwrap();
    let packet = [vec![9; 24], vec![0; 64]].concat();
    let unknown = mtproto::transport::ClientInbound::Error(-404);
    wire.send(&packet, false).await.unwrap();
    assert_eq!(soon(wire.receive()).await.unwrap(), unknown);
    let identity = soon(wire.make_key(&config, KeyKind::Permanent)).await.unwrap();
    for _ in 0..2 {
        wire.send(&packet, false).await.unwrap();
        assert_eq!(soon(wire.receive()).await.unwrap(), unknown);
    }
    assert!(soon(wire.receive()).await.is_err(), "closed");
    let client = soon(Client::connect(config, Some(identity))).await.unwrap();
    soon(client.call(query(9, &[]))).await.unwrap();
}

/// A client that is told -404 throws its key away: a broken store must not look like that.
#[tokio::test]
async fn a_broken_store_is_not_an_unknown_key() {
    let server = Server::start().await;
    let client = server.client().await;
    let identity = client.identity().clone();
    *lock(&server.keys.is_broken) = true;
    let config = server.config(Framing::Abridged, None);
    assert!(matches!(soon(Client::connect(config.clone(), None)).await, Err(ClientError::Handshake(_))));
    let other = Server::on("127.0.0.1:0".parse().unwrap(), server.keys.clone(), |_| {}).await;
    let client = soon(Client::connect(other.config(Framing::Abridged, None), Some(identity))).await.unwrap();
    let asked = client.call(query(9, &[]));
    let mend = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        *lock(&server.keys.is_broken) = false;
    };
    let (answer, ()) = soon(async { tokio::join!(asked, mend) }).await;
    assert_eq!(answer.unwrap(), query(9, &[]));
}

/// The permanent key and the temporary one on one connection, as clients with forward secrecy do.
#[tokio::test]
async fn a_bound_key_stands_for_the_permanent_one() {
    let server = Server::start().await;
    let config = server.config(Framing::Intermediate, None);
    let mut wire = Wire::open(&config).await.unwrap();
    soon(wire.make_key(&config, KeyKind::Permanent)).await.unwrap();
    let temporary = soon(wire.make_key(&config, KeyKind::Temporary { expires_in: 3600 })).await.unwrap();
    let id = temporary.key.id();
    let client = Client::start(config.clone(), temporary.clone(), 5, wire);
    assert_eq!(soon(client.call(query(WHO, &[]))).await.unwrap(), query(WHO, &[id, id]));
    soon(client.call(query(BIND, &[]))).await.unwrap();
    assert_eq!(soon(client.call(query(WHO, &[]))).await.unwrap(), query(WHO, &[77, id]));
    assert!(lock(&server.handler.callers).iter().all(|caller| caller.is_temporary && caller.dc == 2));

    // Dropping the permanent key takes the temporary one along.
    lock(&server.keys.keys).remove(&id);
    server.registry.drop_key(77);
    assert!(is_unknown(soon(client.call(query(9, &[]))).await));
    until("the handler is told", || lock(&server.handler.gone).contains(&session_of(&client))).await;
}

#[tokio::test]
async fn an_expired_key_is_unknown() {
    let server = Server::start().await;
    let config = server.config(Framing::Abridged, None);
    let mut wire = Wire::open(&config).await.unwrap();
    let identity = soon(wire.make_key(&config, KeyKind::Temporary { expires_in: 60 })).await.unwrap();
    server.keys.expire_temporary();
    let client = Client::start(config, identity, 5, wire);
    assert!(is_unknown(soon(client.call(query(9, &[]))).await));
}

#[tokio::test]
async fn a_dropped_key_is_answered_first_and_unknown_then() {
    let server = Server::start().await;
    let client = server.client().await;
    let identity = client.identity().clone();
    soon(client.call(query(9, &[]))).await.unwrap();
    lock(&server.keys.keys).clear();
    assert_eq!(soon(client.call(query(DROP_KEY, &[]))).await.unwrap(), query(DROP_KEY, &[]));
    until("the handler is told", || lock(&server.handler.gone).contains(&session_of(&client))).await;
    let again = soon(Client::connect(server.config(Framing::Full, None), Some(identity))).await.unwrap();
    assert!(is_unknown(soon(again.call(query(9, &[]))).await));
}

#[tokio::test]
async fn disconnected_clients_come_back() {
    let server = Server::start().await;
    let client = server.client().await;
    soon(client.call(query(9, &[1]))).await.unwrap();
    server.registry.disconnect_key(client.identity().key.id());
    until("the connection is closed", || !server.is_connected(session_of(&client))).await;
    assert_eq!(soon(client.call(query(9, &[2]))).await.unwrap(), query(9, &[2]));
}
