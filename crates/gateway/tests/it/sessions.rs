//! Sessions outlive connections; queries run once and in the order that clients ask for.

use std::sync::atomic::Ordering;

use client::{Client, ClientError, Wire};
use domain::{Clock, Random};
use mtproto::Side;
use mtproto::packet::encrypted::{self, Header};
use mtproto::session::MsgIds;
use mtproto::transport::{ClientInbound, Framing};
use rpc::boundary::{SessionRef, Sessions};

use crate::support::{
    FAIL, PANIC, PATIENCE, SLEEP, Server, System, after, lock, query, session_of, soon, tally, until,
};

#[tokio::test]
async fn an_answer_that_missed_its_connection_comes_over_the_next() {
    let server = Server::start().await;
    let client = server.client().await;
    let slow = query(SLEEP, &[400]);
    let asked = client.call(slow.clone());
    let cut = async {
        until("the query runs", || server.handler.runs.load(Ordering::SeqCst) == 1).await;
        client.cut().await.unwrap();
    };
    let (answer, ()) = soon(async { tokio::join!(asked, cut) }).await;
    assert_eq!(answer.unwrap(), slow);
    assert_eq!(server.handler.runs.load(Ordering::SeqCst), 1, "it ran once");
}

#[tokio::test]
async fn clients_survive_a_restart_of_the_server() {
    let server = Server::start().await;
    let client = server.client().await;
    soon(client.call(query(9, &[1]))).await.unwrap();
    let (address, keys) = (server.address, server.keys.clone());
    server.stop().await;
    let asked = client.call(query(9, &[2]));
    let server = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        Server::on(address, keys, |_| {}).await
    };
    let (answer, server) = soon(async { tokio::join!(asked, server) }).await;
    assert_eq!(answer.unwrap(), query(9, &[2]));
    assert_eq!(server.registry.session_count(), 1);
}

#[tokio::test]
async fn stopping_waits_for_queries_that_run() {
    let server = Server::start().await;
    let client = server.client().await;
    let slow = query(SLEEP, &[600]);
    let asked = client.call(slow.clone());
    let stop = async {
        until("the query runs", || server.handler.runs.load(Ordering::SeqCst) == 1).await;
        server.stop_soon();
    };
    let (answer, ()) = soon(async { tokio::join!(asked, stop) }).await;
    assert_eq!(answer.unwrap(), slow);
    server.stop().await;
}

#[tokio::test]
async fn a_session_is_connected_until_its_last_connection_is_lost() {
    let server = Server::start().await;
    let client = server.client().await;
    soon(client.call(query(9, &[]))).await.unwrap();
    let session = session_of(&client);
    assert!(server.is_connected(session));
    drop(client);
    until("the session is disconnected", || !server.is_connected(session)).await;
    assert!(server.registry.push(session, &query(1, &[])), "a little is kept for it");
    let kept = (0..1000).take_while(|_| server.registry.push(session, &query(1, &[]))).count();
    assert!(kept < 100, "but not without end: {kept}");
}

/// Whoever was away and missed more than is kept is told to fetch the difference, once.
#[tokio::test]
async fn a_client_that_missed_pushes_is_told() {
    let server = Server::start().await;
    let mut hand = Hand::new(&server).await;
    hand.send(&query(9, &[1])).await;
    hand.until_holds(&query(9, &[1])).await;
    let session = SessionRef { key_id: hand.key.id(), session_id: hand.session_id };
    hand.wire = Wire::open(&server.config(Framing::Abridged, None)).await.unwrap();
    until("the session is disconnected", || !server.is_connected(session)).await;
    while server.registry.push(session, &query(8, &[])) {}

    hand.send(&query(9, &[2])).await;
    hand.until_holds(&0xe317_af7e_u32.to_le_bytes()).await;
    assert!(server.registry.push(session, &query(8, &[7])));
    hand.until_holds(&query(8, &[7])).await;
}

/// Whoever signs in with a key hears nothing that was meant for the one before.
#[tokio::test]
async fn pushes_do_not_outlive_the_user_they_were_for() {
    let server = Server::start().await;
    let mut hand = Hand::new(&server).await;
    hand.send(&query(9, &[1])).await;
    hand.until_holds(&query(9, &[1])).await;
    let session = SessionRef { key_id: hand.key.id(), session_id: hand.session_id };
    // One was sent and is not acknowledged, one waits for a connection.
    assert!(server.registry.push(session, &query(8, &[1])));
    hand.until_holds(&query(8, &[1])).await;
    hand.wire = Wire::open(&server.config(Framing::Abridged, None)).await.unwrap();
    until("the session is disconnected", || !server.is_connected(session)).await;
    assert!(server.registry.push(session, &query(8, &[2])));

    server.registry.key_changed(session.key_id, true);
    assert!(server.registry.push(session, &query(8, &[3])));
    hand.send(&query(9, &[2])).await;
    let all = hand.until_holds(&query(8, &[3])).await;
    let holds = |needle: &[u8]| all.windows(needle.len()).any(|window| window == needle);
    assert!(holds(&query(8, &[3])) && !holds(&query(8, &[1])) && !holds(&query(8, &[2])));
}

#[tokio::test]
async fn queries_of_a_session_run_at_the_same_time() {
    let server = Server::start().await;
    let client = server.client().await;
    let calls: Vec<_> = (0..100).map(|number| query(SLEEP, &[30, number])).collect();
    let answers =
        soon(futures_util::future::join_all(calls.iter().map(|call| client.call(call.clone())))).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, calls);
    assert_eq!(server.handler.runs.load(Ordering::SeqCst), 100);
}

#[tokio::test]
async fn a_handler_that_panics_is_an_internal_error() {
    let server = Server::start().await;
    let client = server.client().await;
    let error = soon(client.call(query(PANIC, &[]))).await.unwrap_err();
    let ClientError::Rpc { code, text } = error else { panic!("{error}") };
    assert_eq!((code, text.as_str()), (500, "INTERNAL_SERVER_ERROR"));
    assert_eq!(soon(client.call(query(9, &[]))).await.unwrap(), query(9, &[]));
}

/// A connection whose messages the test makes itself.
struct Hand {
    wire: Wire,
    key: mtproto::AuthKey,
    salt: i64,
    session_id: i64,
    ids: MsgIds,
    content: i32,
}

impl Hand {
    async fn new(server: &Server) -> Self {
        let config = server.config(Framing::Abridged, None);
        let mut wire = Wire::open(&config).await.unwrap();
        let kind = mtproto::handshake::client::KeyKind::Permanent;
        let made = soon(wire.make_key(&config, kind)).await.unwrap();
        let random: &dyn Random = &System;
        Self {
            wire,
            key: made.key,
            salt: made.salt,
            session_id: random.i64(),
            ids: MsgIds::default(),
            content: 0,
        }
    }

    fn seal(&mut self, body: &[u8]) -> (i64, Vec<u8>) {
        let msg_id = self.ids.next(System.now().0, false) & !3;
        let header =
            Header { salt: self.salt, session_id: self.session_id, msg_id, seq_no: self.content * 2 + 1 };
        self.content += 1;
        let mut packet = Vec::new();
        encrypted::seal(
            &self.key,
            Side::Client,
            &header,
            body,
            &mut |bytes: &mut [u8]| System.fill(bytes),
            &mut packet,
        );
        (msg_id, packet)
    }

    async fn send(&mut self, body: &[u8]) -> i64 {
        let (msg_id, packet) = self.seal(body);
        self.wire.send(&packet, false).await.unwrap();
        msg_id
    }

    /// Reads packets until one of them holds the bytes. Gives all that was read.
    async fn until_holds(&mut self, needle: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let ClientInbound::Packet(mut packet) = soon(self.wire.receive()).await.unwrap() else {
                continue;
            };
            let opened = encrypted::open(&self.key, Side::Server, &mut packet).unwrap();
            all.extend_from_slice(opened.body);
            if opened.body.windows(needle.len()).any(|window| window == needle) {
                return all;
            }
        }
    }
}

#[tokio::test]
async fn queries_wait_for_those_they_come_after() {
    let server = Server::start().await;
    let mut hand = Hand::new(&server).await;
    let slow = query(SLEEP, &[300]);
    let first = hand.send(&slow).await;
    let second = hand.send(&after(first, &query(9, &[2]))).await;
    hand.send(&after(second, &query(9, &[3]))).await;
    hand.until_holds(&query(9, &[3])).await;
    assert_eq!(*lock(&server.handler.order), [slow, query(9, &[2]), query(9, &[3])]);
}

#[tokio::test]
async fn a_query_after_one_that_failed_fails() {
    let server = Server::start().await;
    let mut hand = Hand::new(&server).await;
    let first = hand.send(&query(FAIL, &[])).await;
    hand.send(&after(first, &query(9, &[]))).await;
    hand.until_holds(b"MSG_WAIT_FAILED").await;
    assert_eq!(server.handler.runs.load(Ordering::SeqCst), 1);
}

/// What was asked before this server knew the session is taken for answered.
#[tokio::test]
async fn a_query_after_a_forgotten_one_runs() {
    let server = Server::start().await;
    let mut hand = Hand::new(&server).await;
    hand.send(&after((System.now().secs() - 100) << 32, &query(9, &[5]))).await;
    hand.until_holds(&query(9, &[5])).await;
}

#[tokio::test]
async fn a_repeated_message_runs_once() {
    let server = Server::start().await;
    let mut hand = Hand::new(&server).await;
    let (_, packet) = hand.seal(&query(9, &[7]));
    for _ in 0..3 {
        hand.wire.send(&packet, false).await.unwrap();
    }
    hand.until_holds(&query(9, &[7])).await;
    hand.send(&query(9, &[8])).await;
    hand.until_holds(&query(9, &[8])).await;
    let order = lock(&server.handler.order).clone();
    assert_eq!(tally(order), [(query(9, &[7]), 1), (query(9, &[8]), 1)].into());
}

#[tokio::test]
async fn a_packet_is_acknowledged_at_once_on_demand() {
    let server = Server::start().await;
    let mut hand = Hand::new(&server).await;
    let (_, packet) = hand.seal(&query(SLEEP, &[PATIENCE.as_millis() as i64]));
    hand.wire.send(&packet, true).await.unwrap();
    loop {
        match soon(hand.wire.receive()).await.unwrap() {
            ClientInbound::QuickAck(_) => break,
            ClientInbound::Packet(_) => {}
            ClientInbound::Error(code) => panic!("{code}"),
        }
    }
}

/// The client keeps the session's id under a new connection and forgets the old one's half.
#[tokio::test]
async fn a_destroyed_session_is_gone() {
    let server = Server::start().await;
    let client = server.client().await;
    soon(client.call(query(9, &[]))).await.unwrap();
    let session = session_of(&client);
    let identity = client.identity().clone();
    drop(client);
    until("the session is disconnected", || !server.is_connected(session)).await;

    let config = server.config(Framing::Full, None);
    let wire = Wire::open(&config).await.unwrap();
    let mut hand = Hand {
        wire,
        key: identity.key,
        salt: identity.salt,
        session_id: 1,
        ids: MsgIds::default(),
        content: 0,
    };
    let destroy = [0xe751_2126_u32.to_le_bytes().as_slice(), &session.session_id.to_le_bytes()].concat();
    let ok = [0xe22045fc_u32.to_le_bytes().as_slice(), &session.session_id.to_le_bytes()].concat();
    let none = [0x62d3_50c9_u32.to_le_bytes().as_slice(), &session.session_id.to_le_bytes()].concat();
    hand.send(&destroy).await;
    hand.until_holds(&ok).await;
    assert!(!server.registry.push(session, &query(1, &[])));
    until("the handler is told", || lock(&server.handler.gone).contains(&session)).await;
    hand.send(&destroy).await;
    hand.until_holds(&none).await;
}

/// What a session took is not run again when the session was destroyed meanwhile.
#[tokio::test]
async fn a_destroyed_session_takes_nothing_twice() {
    let server = Server::start().await;
    let mut hand = Hand::new(&server).await;
    let (_, packet) = hand.seal(&query(9, &[7]));
    hand.wire.send(&packet, false).await.unwrap();
    hand.until_holds(&query(9, &[7])).await;
    let first = hand.session_id;
    hand.session_id += 1;
    hand.send(&[0xe751_2126_u32.to_le_bytes().as_slice(), &first.to_le_bytes()].concat()).await;
    hand.until_holds(&0xe220_45fc_u32.to_le_bytes()).await;
    hand.wire.send(&packet, false).await.unwrap();
    hand.session_id = first;
    hand.send(&query(9, &[8])).await;
    hand.until_holds(&query(9, &[8])).await;
    let order = lock(&server.handler.order).clone();
    assert_eq!(tally(order), [(query(9, &[7]), 1), (query(9, &[8]), 1)].into());
}

/// The end of a session is not taken for that of the one that takes its name at once: that one hears what is
/// pushed.
#[tokio::test]
async fn a_session_that_comes_back_at_once_is_there() {
    let server = Server::start().await;
    let mut hand = Hand::new(&server).await;
    let again = SessionRef { key_id: hand.key.id(), session_id: hand.session_id };
    for round in 1..=10 {
        hand.session_id = again.session_id;
        hand.send(&query(9, &[round])).await;
        hand.until_holds(&query(9, &[round])).await;
        hand.session_id = again.session_id + 1;
        let destroy = [0xe751_2126_u32.to_le_bytes().as_slice(), &again.session_id.to_le_bytes()].concat();
        let (_, destroy) = hand.seal(&destroy);
        hand.session_id = again.session_id;
        let (_, back) = hand.seal(&query(9, &[-round]));
        hand.wire.send(&destroy, false).await.unwrap();
        hand.wire.send(&back, false).await.unwrap();
        hand.until_holds(&query(9, &[-round])).await;
        let gone = || lock(&server.handler.gone).iter().filter(|session| **session == again).count();
        until("the handler is told", || gone() == usize::try_from(round).unwrap()).await;
        assert!(server.is_connected(again), "round {round}");
    }
}

#[tokio::test]
async fn several_sessions_share_a_key() {
    let server = Server::start().await;
    let first = server.client().await;
    let identity = first.identity().clone();
    let config = server.config(Framing::Abridged, None);
    let second = soon(Client::connect(config, Some(identity))).await.unwrap();
    assert_ne!(session_of(&first), session_of(&second));
    for client in [&first, &second] {
        soon(client.call(query(9, &[]))).await.unwrap();
    }
    assert_eq!(server.registry.session_count(), 2);
    assert!(server.registry.push(session_of(&second), &query(8, &[])));
    assert_eq!(soon(second.push()).await, Some(query(8, &[])));
}
