//! Sessions over HTTP: every request is a connection that is answered by one packet.

use tl::service::{HttpWait, MsgsAck, Ping, Pong};

use super::util::*;
use crate::limits::{HTTP_MAX_WAIT_DEFAULT, HTTP_RESEND_DELAY};
use crate::session::server::Event;
use crate::session::{ConnectionId, ConnectionKind};

fn request(bench: &mut Bench, number: u64, messages: &[(i32, Vec<u8>)]) -> ConnectionId {
    let connection = ConnectionId(number);
    bench.server.attach(bench.now, connection, ConnectionKind::Http);
    let messages: Vec<_> =
        messages.iter().map(|(seq_no, body)| (bench.id(), *seq_no, body.clone())).collect();
    let (id, highest) = (bench.id(), messages.iter().map(|message| message.1).max().unwrap_or(0));
    bench.send_over(connection, id, (highest + 1) & !1, &container(&messages)).unwrap();
    connection
}

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.server.detach(bench.now, CONNECTION);
    let first = request(&mut bench, 10, &[(0, bytes(&Ping { ping_id: 1 }))]);
    let got = bench.receive_over(first);
    assert_eq!(got.len(), 2);
    let id = got[0].msg_id;
    let ack = request(
        &mut bench,
        11,
        &[(0, bytes(&MsgsAck { msg_ids: vec![id] })), (0, bytes(&Ping { ping_id: 1 }))],
    );
    assert_eq!(bench.receive_over(ack).len(), 1);
    bench
}

#[test]
fn a_request_is_answered_as_soon_as_there_is_something() {
    let mut bench = bench();
    let connection = request(&mut bench, 20, &[(1, query(1))]);
    assert!(bench.packet(connection).is_none());
    bench.wait(3000);
    let rpc = rpcs(&mut bench)[0];
    bench.server.answer(bench.now, rpc, &[1; 4]);
    assert_eq!(bench.server.poll_wake(), Some(connection));
    let (_, got) = bench.packet(connection).unwrap();
    assert!(got.iter().any(|message| message.body.ends_with(&[1; 4])));
    // One packet, and no more.
    bench.server.push(bench.now, query(2)).unwrap();
    assert!(bench.packet(connection).is_none());
}

fn rpcs(bench: &mut Bench) -> Vec<i64> {
    let msg_id = |event| match event {
        Event::Rpc { msg_id, .. } => msg_id,
        other => panic!("{other:?}"),
    };
    bench.events().into_iter().map(msg_id).collect()
}

/// What else there is to say does not answer a query's request before its own answer is there: Telethon
/// asks no more before it has that.
#[test]
fn a_request_waits_for_the_answers_to_all_its_queries() {
    let mut bench = Bench::new();
    bench.server.detach(bench.now, CONNECTION);
    let first = request(&mut bench, 20, &[(1, query(1)), (3, query(2))]);
    bench.server.push(bench.now, query(3)).unwrap();
    let [one, two] = rpcs(&mut bench)[..] else { panic!("not two queries") };
    assert!(bench.packet(first).is_none());
    assert_eq!(bench.server.poll_timeout(), Some(bench.now + HTTP_MAX_WAIT_DEFAULT));
    bench.server.answer(bench.now, two, &[2; 4]);
    assert!(bench.packet(first).is_none());
    bench.server.answer(bench.now, one, &[1; 4]);
    assert_eq!(bench.server.poll_wake(), Some(first));
    let (_, got) = bench.packet(first).unwrap();
    // That the session is new, the news, and both answers.
    assert_eq!(got.len(), 4);
    assert!(got[2].body.ends_with(&[2; 4]) && got[3].body.ends_with(&[1; 4]));

    // One that is kept open for news takes them as they come, also before its own answer.
    let wait = bytes(&HttpWait { max_delay: 0, wait_after: 0, max_wait: 25_000 });
    let open = request(&mut bench, 21, &[(4, wait), (5, query(4))]);
    bench.server.push(bench.now, query(5)).unwrap();
    assert!(bench.packet(open).is_some());
}

/// A long queue does not keep the answers from the request that waits for them.
#[test]
fn a_request_gets_its_answers_before_a_backlog() {
    let mut bench = bench();
    for number in 0..3 {
        bench.server.push(bench.now, [query(number), vec![7; 40_000]].concat()).unwrap();
    }
    let asking = request(&mut bench, 20, &[(1, query(1))]);
    let rpc = rpcs(&mut bench)[0];
    bench.server.answer(bench.now, rpc, &[1; 4]);
    let (_, got) = bench.packet(asking).unwrap();
    assert!(got.iter().any(|message| message.body.ends_with(&[1; 4])), "{}", got.len());
}

/// A request that brings acknowledgements, asks nothing and is not kept open for news is not held: the next
/// one may stand behind it on the same connection.
#[test]
fn a_request_that_asks_nothing_awaits_nothing() {
    let mut bench = bench();
    let connection = request(&mut bench, 20, &[(0, bytes(&MsgsAck { msg_ids: vec![1] }))]);
    assert!(bench.packet(connection).is_none());
    assert!(!bench.server.awaits(connection));
    bench.server.push(bench.now, query(1)).unwrap();
    assert!(bench.server.awaits(connection));
    assert!(bench.packet(connection).is_some());
    assert!(!bench.server.awaits(connection));

    let asking = request(&mut bench, 21, &[(1, query(1))]);
    assert!(bench.server.awaits(asking));
    let wait = bytes(&HttpWait { max_delay: 0, wait_after: 0, max_wait: 25_000 });
    let open = request(&mut bench, 22, &[(2, wait)]);
    assert!(bench.server.awaits(open));
}

/// Acknowledgements wait for something to ride with; that they do wakes nobody.
#[test]
fn a_held_request_is_not_woken_for_acknowledgements() {
    let mut bench = bench();
    // A query that came before and runs: sent once more, it is acknowledged.
    let (query_id, outer) = (bench.id(), bench.id());
    let first = ConnectionId(20);
    bench.server.attach(bench.now, first, ConnectionKind::Http);
    bench.send_over(first, outer, 2, &container(&[(query_id, 1, query(1))])).unwrap();
    let second = ConnectionId(21);
    bench.server.attach(bench.now, second, ConnectionKind::Http);
    let wait = bytes(&HttpWait { max_delay: 0, wait_after: 0, max_wait: 25_000 });
    let (wait_id, outer) = (bench.id(), bench.id());
    let both = container(&[(query_id, 1, query(1)), (wait_id, 2, wait)]);
    bench.send_over(second, outer, 2, &both).unwrap();
    assert_eq!(bench.server.poll_timeout(), Some(bench.now + HTTP_MAX_WAIT_DEFAULT));
    bench.wait(2000);
    assert_eq!(bench.server.poll_wake(), None);
    assert_eq!(bench.server.poll_timeout(), Some(bench.now + HTTP_MAX_WAIT_DEFAULT - 2000));
}

/// The defaults of the specification: no delay, and an empty container after 25 seconds.
#[test]
fn a_request_for_which_there_is_nothing_is_answered_with_nothing() {
    let mut bench = bench();
    let wait = bytes(&HttpWait { max_delay: 0, wait_after: 0, max_wait: 25_000 });
    let connection = request(&mut bench, 20, &[(0, wait)]);
    assert_eq!(bench.server.poll_timeout(), Some(bench.now + HTTP_MAX_WAIT_DEFAULT));
    bench.wait(HTTP_MAX_WAIT_DEFAULT - 1);
    assert!(bench.packet(connection).is_none());
    bench.wait(1);
    assert_eq!(bench.server.poll_wake(), Some(connection));
    let (_, got) = bench.packet(connection).unwrap();
    assert!(got.is_empty());
}

#[test]
fn http_wait_sets_the_times() {
    let wait = |max_delay, wait_after, max_wait| bytes(&HttpWait { max_delay, wait_after, max_wait });
    for (parameters, answered_after) in [
        // (max_delay, wait_after): one message at 0, one at 100.
        (wait(0, 0, 25_000), 0),
        (wait(500, 150, 25_000), 250),
        (wait(180, 150, 25_000), 180),
        (wait(500, 500, 90), 90),
    ] {
        let mut bench = bench();
        let connection = request(&mut bench, 20, &[(0, parameters)]);
        let start = bench.now;
        bench.server.push(bench.now, query(1)).unwrap();
        let mut answered = None;
        for _ in 0..100 {
            if bench.packet(connection).is_some() {
                answered = Some(bench.now - start);
                break;
            }
            bench.wait(10);
            if bench.now - start == 100 {
                bench.server.push(bench.now, query(2)).unwrap();
            }
        }
        assert_eq!(answered, Some(answered_after));
    }
    let mut bench = bench();
    let connection = request(&mut bench, 20, &[(0, wait(i32::MAX, i32::MAX, i32::MAX))]);
    assert_eq!(bench.server.poll_timeout(), Some(bench.now + 30_000));
    let _ = connection;
}

/// News go to the request that is kept open for them; the answer to a query to its own request.
#[test]
fn the_open_request_gets_the_news() {
    let mut bench = bench();
    let wait = bytes(&HttpWait { max_delay: 0, wait_after: 0, max_wait: 25_000 });
    let poll = request(&mut bench, 20, &[(0, wait)]);
    let asking = request(&mut bench, 21, &[(0, bytes(&Ping { ping_id: 7 }))]);
    bench.server.push(bench.now, query(3)).unwrap();
    let got = bench.receive_over(asking);
    assert_eq!((got.len(), got[0].decode::<Pong>().ping_id), (1, 7));
    let got = bench.receive_over(poll);
    assert_eq!((got.len(), got[0].body.clone()), (1, query(3)));
}

/// A response may have been lost: what it carried comes again, but not at once, for acknowledgements
/// may be on their way in another request.
#[test]
fn unacknowledged_messages_come_again_after_a_while() {
    let mut bench = bench();
    bench.server.push(bench.now, query(3)).unwrap();
    let first = request(&mut bench, 20, &[]);
    assert_eq!(bench.receive_over(first).len(), 1);
    let second = request(&mut bench, 21, &[(0, bytes(&Ping { ping_id: 1 }))]);
    assert_eq!(bench.receive_over(second).len(), 1);
    bench.now += HTTP_RESEND_DELAY;
    let third = request(&mut bench, 22, &[(0, bytes(&Ping { ping_id: 1 }))]);
    let got = bench.receive_over(third);
    assert!(got.iter().any(|message| message.body == query(3)));
}
