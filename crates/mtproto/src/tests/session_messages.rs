//! What a session refuses, and what it tolerates: identifiers, numbers, containers.

use tl::service::{BadMsgNotification, MSG_COPY, MsgResendAnsReq, MsgResendReq, MsgsAck, Ping};
use tl::{DecodeError, Writer};

use super::session::rpc;
use super::util::*;
use crate::limits::*;
use crate::session::ContainerError;
use crate::session::server::{Bounds, Overflow, PeerMisbehaved};
use crate::transport::TransportCode;

fn check_bad(bench: &mut Bench, msg_id: i64, seq_no: i32, body: &[u8], expected: PeerMisbehaved) {
    assert_eq!(bench.send(msg_id, seq_no, body), Err(expected.clone()));
    assert_eq!(bench.events(), []);
    let got = bench.receive();
    let Some(code) = expected.code() else {
        assert!(got.is_empty());
        return;
    };
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].seq_no & 1, 0);
    let bad: BadMsgNotification = got[0].decode();
    assert_eq!(bad, BadMsgNotification { bad_msg_id: msg_id, bad_msg_seqno: seq_no, error_code: code });
}

/// Every notice the protocol has, and that the message behind it was not processed.
#[test]
fn messages_that_are_wrong() {
    use PeerMisbehaved::*;
    let mut bench = Bench::established();
    let ping = bytes(&Ping { ping_id: 1 });
    let now = bench.id();
    let at = |seconds: i64| now + (seconds << 32);
    check_bad(&mut bench, at(-301), 1, &query(1), MsgIdTooLow);
    check_bad(&mut bench, at(31), 1, &query(1), MsgIdTooHigh);
    for low in 1..4 {
        check_bad(&mut bench, now | low, 1, &query(1), MsgIdParity);
    }
    check_bad(&mut bench, now, 2, &query(1), OddSeqNoExpected);

    let (a, b, c) = (bench.id(), bench.id(), bench.id());
    bench.send(a, 0, &ping).unwrap();
    bench.send(c, 4, &ping).unwrap();
    bench.receive();
    let d = bench.id();
    check_bad(&mut bench, d, 3, &query(1), SeqNoTooLow);
    check_bad(&mut bench, b, 5, &query(1), SeqNoTooHigh);
    check_bad(&mut bench, a, 4, &container(&[]), ContainerIdReused);
}

#[test]
fn odd_numbers_are_tolerated_on_what_is_not_content() {
    let mut bench = Bench::established();
    let (ack, around) = (bench.id(), bench.id());
    bench.send(ack, 1, &bytes(&MsgsAck { msg_ids: vec![1] })).unwrap();
    bench.send(around, 3, &container(&[])).unwrap();
    assert!(bench.receive().is_empty());
}

#[test]
fn containers_that_are_wrong() {
    use ContainerError::*;
    let mut bench = Bench::established();
    let check = |bench: &mut Bench, outer: i64, body: &[u8], error: ContainerError| {
        check_bad(bench, outer, 2, body, PeerMisbehaved::InvalidContainer(error));
    };
    let (a, b, outer, later) = (bench.id(), bench.id(), bench.id(), bench.id());
    let good = (a, 1, query(1));
    check(&mut bench, outer, &container(&[good.clone(), (a, 1, query(2))]), IdTwice);
    check(&mut bench, outer, &container(&[good.clone(), (outer, 1, query(2))]), IdNotBelow);
    check(&mut bench, outer, &container(&[good.clone(), (later, 3, query(2))]), IdNotBelow);
    check(&mut bench, outer, &container(&[good.clone(), (b, 2, container(&[]))]), Nested);
    check(&mut bench, outer, &container(&[good.clone(), (b, 2, MSG_COPY.to_le_bytes().to_vec())]), Nested);
    let mut odd = container(&[(a, 1, query(1))]);
    odd[20] = 7;
    check(&mut bench, outer, &odd, MessageLength { length: 7 });
    let mut cut = container(std::slice::from_ref(&good));
    cut.truncate(cut.len() - 4);
    check(&mut bench, outer, &cut, Malformed(DecodeError::Truncated { missing: 4 }));
    let mut trailing = container(std::slice::from_ref(&good));
    trailing.extend_from_slice(&[0; 4]);
    check(&mut bench, outer, &trailing, Malformed(DecodeError::Trailing { count: 4 }));

    let many: Vec<_> = (0..=CONTAINER_MESSAGES_MAX).map(|_| (bench.id(), 0, query(1))).collect();
    let outer = bench.id();
    let error = PeerMisbehaved::InvalidContainer(TooMany { count: CONTAINER_MESSAGES_MAX as u32 + 1 });
    assert_eq!(error.fatal(), Some(TransportCode::Flood));
    check_bad(&mut bench, outer, 2, &container(&many), error);
}

/// A container is taken or refused as a whole: what is wrong with one message keeps all from running.
#[test]
fn one_bad_message_spoils_its_container() {
    let mut bench = Bench::established();
    let (a, b, outer) = (bench.id(), bench.id(), bench.id());
    let good = (a, 1, query(1));
    for (bad, expected) in [
        ((b, 2, query(2)), PeerMisbehaved::OddSeqNoExpected),
        ((b, 1, query(2)), PeerMisbehaved::SeqNoTooLow),
        ((b, 9, query(2)), PeerMisbehaved::SeqNoTooLow),
        ((b + 1, 3, query(2)), PeerMisbehaved::MsgIdParity),
        ((b, 2, vec![]), PeerMisbehaved::Malformed(DecodeError::Truncated { missing: 4 })),
    ] {
        check_bad(&mut bench, outer, 6, &container(&[good.clone(), bad]), expected);
    }
    bench.send(outer, 4, &container(&[good, (b, 3, query(2))])).unwrap();
    assert_eq!(bench.events(), [rpc(a, 1), rpc(b, 2)]);
}

#[test]
fn an_empty_container_is_fine() {
    let mut bench = Bench::established();
    let id = bench.id();
    bench.send(id, 0, &container(&[])).unwrap();
    assert!(bench.receive().is_empty());
}

#[test]
fn a_copy_is_what_it_copies() {
    let mut bench = Bench::established();
    let (old, outer) = (bench.id(), bench.id());
    let mut w = Writer::new(0);
    w.u32(MSG_COPY);
    w.raw(&container(&[(old, 1, query(4))])[8..]);
    bench.send(outer, 2, &w.into_bytes()).unwrap();
    assert_eq!(bench.events(), [rpc(old, 4)]);
}

/// Answers of any size are forgotten when too much is sent and not acknowledged: a client that acknowledges
/// nothing keeps no more of the server's memory than that.
#[test]
fn small_answers_that_nobody_acknowledges_are_forgotten_too() {
    let mut bench = Bench::established();
    let answer = Seeded::new(5).bytes(LARGE_ANSWER_BYTES - 1024);
    for number in 0..100 {
        let id = bench.id();
        bench.send(id, number * 2 + 1, &query(1)).unwrap();
        bench.server.answer(bench.now, id, &answer);
        assert!(bench.receive().iter().any(|got| got.body.len() > 1024));
        assert!(bench.server.outgoing_bytes() <= UNACKED_BYTES_MAX);
    }
    assert!(bench.server.outgoing_bytes() > UNACKED_BYTES_MAX / 2);
    bench.server.shed(200_000);
    assert!(bench.server.outgoing_bytes() <= 200_000);
    assert!(bench.server.outgoing_bytes() > 0, "the last ones are kept");

    bench.server.set_bounds(Bounds { queue: 1000, unacked: 1000 });
    assert!(bench.server.push(bench.now, vec![0; 1000]).is_ok());
    assert_eq!(bench.server.push(bench.now, vec![0; 4]), Err(Overflow));
}

/// To look for thousands of messages among thousands takes long; nobody needs so many at once.
#[test]
fn few_messages_are_asked_for_again_at_once() {
    let ids = |count: usize| (0..count as i64).collect::<Vec<_>>();
    for (count, expected) in [
        (RESEND_IDS_MAX, Ok(())),
        (RESEND_IDS_MAX + 1, Err(PeerMisbehaved::TooManyIds { count: RESEND_IDS_MAX + 1 })),
    ] {
        let mut bench = Bench::established();
        let id = bench.id();
        assert_eq!(bench.send(id, 0, &bytes(&MsgResendReq { msg_ids: ids(count) })), expected);
        let mut bench = Bench::established();
        let id = bench.id();
        assert_eq!(bench.send(id, 0, &bytes(&MsgResendAnsReq { msg_ids: ids(count) })), expected);
    }
}
