use std::io::Write;

use tl::gzip;
use tl::service::{
    BadServerSalt, DestroyAuthKey, DestroyAuthKeyFail, DestroyAuthKeyNone, DestroyAuthKeyOk, DestroySession,
    DestroySessionNone, DestroySessionOk, FutureSalts, GZIP_PACKED, GetFutureSalts, MsgResendAnsReq,
    MsgResendReq, MsgsAck, MsgsAllInfo, MsgsStateInfo, MsgsStateReq, NewSessionCreated, Ping,
    PingDelayDisconnect, Pong, RpcAnswerDropped, RpcAnswerDroppedRunning, RpcAnswerUnknown, RpcDropAnswer,
};
use tl::{Decode, Writer};

use super::util::*;
use crate::limits::*;
use crate::session::server::{DestroyAuthKeyOutcome, Event, Overflow, PeerMisbehaved, ServerSession};
use crate::session::{ConnectionId, ConnectionKind, ContainerError};
use crate::transport::TransportCode;

const SECOND: ConnectionId = ConnectionId(2);

pub(super) fn rpc(msg_id: i64, number: u32) -> Event {
    Event::Rpc { msg_id, body: query(number), connection: CONNECTION }
}

#[test]
fn a_query_is_given_out_and_answered() {
    let mut bench = Bench::established();
    let id = bench.id();
    bench.send(id, 1, &query(7)).unwrap();
    assert_eq!(bench.events(), [rpc(id, 7)]);
    assert_eq!(bench.server.running_queries(), 1);
    bench.server.answer(bench.now, id, &[1, 2, 3, 4]);
    assert_eq!(bench.server.poll_wake(), Some(CONNECTION));
    assert_eq!(bench.server.poll_wake(), None);
    let got = bench.receive();
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].result(), (id, vec![1, 2, 3, 4]));
    assert_eq!((got[0].seq_no & 1, got[0].msg_id & 3), (1, 1));
    assert_eq!(bench.server.running_queries(), 0);
    // A second answer to the same query goes nowhere.
    bench.server.answer(bench.now, id, &[5, 6, 7, 8]);
    assert!(bench.receive().is_empty());
}

/// Rule 5: the session is announced before anything else of it is sent, with its lowest message; later
/// identifiers only rise, and all are odd.
#[test]
fn rule_05_the_session_is_announced_first() {
    let mut bench = Bench::new();
    let (a, b, c) = (bench.id(), bench.id(), bench.id());
    let body = container(&[(b, 1, query(1)), (a, 0, bytes(&Ping { ping_id: 5 }))]);
    bench.send(c, 2, &body).unwrap();
    bench.server.answer(bench.now, b, &[0; 4]);
    let (outer, got) = bench.packet(CONNECTION).unwrap();
    let created: NewSessionCreated = got[0].decode();
    assert_eq!((created.first_msg_id, created.unique_id), (a, UNIQUE));
    assert_eq!(created.server_salt, salts(&bench.key).current(bench.now));
    assert_eq!(got[0].seq_no & 1, 1);
    assert!(got.iter().all(|message| message.msg_id & 1 == 1 && message.msg_id < outer));
    let mut ids: Vec<i64> = got.iter().map(|message| message.msg_id).collect();
    ids.push(outer);

    for round in 0..20 {
        bench.now += if round % 3 == 0 { -5 } else { 1 };
        let id = bench.id();
        bench.send(id, 2, &bytes(&Ping { ping_id: round })).unwrap();
        bench.server.push(bench.now, query(0)).unwrap();
        let (outer, got) = bench.packet(CONNECTION).unwrap();
        ids.extend(got.iter().map(|message| message.msg_id));
        ids.push(outer);
    }
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
    assert!(bench.receive().iter().all(|message| message.id() != NewSessionCreated::ID));
}

/// The specification: a message even lower than the first is announced as well, under the same number.
#[test]
fn a_lower_first_message_is_announced_too() {
    let mut bench = Bench::new();
    let (low, high) = (bench.id(), bench.id());
    bench.send(high, 0, &bytes(&Ping { ping_id: 1 })).unwrap();
    bench.receive();
    bench.send(low, 0, &bytes(&Ping { ping_id: 2 })).unwrap();
    let created: NewSessionCreated = bench.receive()[0].decode();
    assert_eq!((created.first_msg_id, created.unique_id), (low, UNIQUE));
}

/// Rule 6: sessions of one key know nothing of each other.
#[test]
fn rule_06_sessions_share_a_key() {
    let mut one = Bench::established();
    let mut other = Bench::established();
    let id = one.id();
    one.send(id, 1, &query(1)).unwrap();
    other.send(id, 1, &query(1)).unwrap();
    assert_eq!((one.events().len(), other.events().len()), (1, 1));
}

/// Rule 7: the same session under a new key is another session.
#[test]
fn rule_07_a_session_identifier_under_another_key() {
    let mut perm = Bench::established();
    let key = auth_key(2);
    let mut temp = ServerSession::new(key.clone(), SESSION, UNIQUE + 1, salts(&key), NOW);
    temp.attach(NOW, CONNECTION, ConnectionKind::Stream);
    assert_ne!(temp.auth_key_id(), perm.server.auth_key_id());
    let id = perm.id();
    perm.send(id, 1, &query(1)).unwrap();
    perm.server = temp;
    perm.key = key;
    let id = perm.id();
    // Numbering starts again with the new key.
    perm.send(id, 1, &query(2)).unwrap();
    assert_eq!(perm.events(), [rpc(id, 2)]);
    let created: NewSessionCreated = perm.receive()[0].decode();
    assert_eq!(created.unique_id, UNIQUE + 1);
}

/// Rule 9: packed queries come as gzip or as zlib; answers go out as gzip.
#[test]
fn rule_09_packed_both_ways() {
    let plain = [query(1), vec![7; 4000]].concat();
    let mut encoder = flate2_zlib();
    encoder.write_all(&plain).unwrap();
    let zlib = encoder.finish().unwrap();
    assert_eq!(zlib[..1], [0x78]);
    for packed in [gzip::pack(&plain), zlib] {
        let mut bench = Bench::established();
        let id = bench.id();
        let mut w = Writer::new(0);
        w.u32(GZIP_PACKED);
        w.bytes(&packed);
        bench.send(id, 1, &w.into_bytes()).unwrap();
        assert_eq!(bench.events(), [Event::Rpc { msg_id: id, body: plain.clone(), connection: CONNECTION }]);

        bench.server.answer(bench.now, id, &plain);
        let (_, body) = bench.receive()[0].result();
        let mut r = tl::Reader::new(&body);
        assert_eq!(r.u32(), Ok(GZIP_PACKED));
        let packed = r.bytes().unwrap();
        assert_eq!(packed[..2], [0x1f, 0x8b]);
        assert_eq!(gzip::unpack(packed, 1 << 20).unwrap(), plain);
    }
}

fn flate2_zlib() -> flate2::write::ZlibEncoder<Vec<u8>> {
    flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast())
}

/// A packed service message is a service message; packed rubbish is the application's to refuse.
#[test]
fn packed_service_messages_and_rubbish() {
    let packed = |plain: &[u8]| {
        let mut w = Writer::new(0);
        w.u32(GZIP_PACKED);
        w.bytes(&gzip::pack(plain));
        w.into_bytes()
    };
    let mut bench = Bench::established();
    let id = bench.id();
    bench.send(id, 0, &packed(&bytes(&Ping { ping_id: 8 }))).unwrap();
    assert_eq!(bench.receive()[0].decode::<Pong>(), Pong { msg_id: id, ping_id: 8 });

    let id = bench.id();
    let nested = packed(&container(&[]));
    assert_eq!(bench.send(id, 1, &nested), Err(PeerMisbehaved::InvalidContainer(ContainerError::Nested)));

    let bomb = packed(&vec![0; UNPACKED_BYTES_MAX + 4]);
    let rubbish = [&GZIP_PACKED.to_le_bytes()[..], &[3, 1, 2, 3]].concat();
    for (seq_no, body) in [(1, bomb), (3, rubbish)] {
        let id = bench.id();
        bench.send(id, seq_no, &body).unwrap();
        assert_eq!(bench.events(), [Event::Rpc { msg_id: id, body, connection: CONNECTION }]);
    }
}

/// What a container unpacks to is bounded as a whole, not only for each of its messages.
#[test]
fn a_container_of_packed_messages_does_not_blow_up() {
    let mut w = Writer::new(0);
    w.u32(GZIP_PACKED);
    w.bytes(&gzip::pack(&vec![0; UNPACKED_BYTES_MAX / 2 - 4]));
    let half = w.into_bytes();
    for (count, expected) in [(2, Ok(())), (3, Err(PeerMisbehaved::TooMuchPacked))] {
        let mut bench = Bench::established();
        let messages: Vec<_> = (0..count).map(|at| (bench.id(), 2 * at + 1, half.clone())).collect();
        let id = bench.id();
        assert_eq!(bench.send(id, 2 * count, &container(&messages)), expected);
        assert_eq!(bench.events().len(), if expected.is_ok() { 2 } else { 0 });
    }
    assert!(PeerMisbehaved::TooMuchPacked.is_fatal());
}

#[test]
fn answers_are_packed_only_when_it_helps() {
    let mut random = Seeded::new(3);
    for (body, packed) in [
        (vec![0; GZIP_BYTES_MIN - 4], false),
        (vec![0; GZIP_BYTES_MIN], true),
        (random.bytes(2000), false),
        (random.bytes(512 << 10), false),
        (vec![0; 512 << 10], true),
    ] {
        let mut bench = Bench::established();
        let id = bench.id();
        bench.send(id, 1, &query(1)).unwrap();
        bench.server.answer(bench.now, id, &body);
        let (_, got) = bench.receive()[0].result();
        assert_eq!(got.starts_with(&GZIP_PACKED.to_le_bytes()), packed, "{}", body.len());
        if !packed {
            assert_eq!(got, body);
        }
    }
}

/// Rule 24: delays are seconds within bounds, and the answer names the ping.
#[test]
fn rule_24_ping_delay_disconnect() {
    for (asked, seconds) in [(25, 25), (75, 75), (60_000, 600), (0, 1), (-5, 1), (i32::MAX, 600)] {
        let mut bench = Bench::established();
        let id = bench.id();
        bench.send(id, 0, &bytes(&PingDelayDisconnect { ping_id: 3, disconnect_delay: asked })).unwrap();
        assert_eq!(bench.receive()[0].decode::<Pong>(), Pong { msg_id: id, ping_id: 3 });
        assert_eq!(bench.server.poll_timeout(), Some(bench.now + seconds * 1000));
        bench.wait(seconds * 1000 - 1);
        assert_eq!(bench.events(), []);
        bench.wait(1);
        assert_eq!(bench.events(), [Event::Disconnect { connection: CONNECTION }]);
        bench.wait(1_000_000);
        assert_eq!(bench.events(), []);
    }
}

#[test]
fn each_ping_delay_disconnect_starts_the_time_again() {
    let mut bench = Bench::established();
    let ping = bytes(&PingDelayDisconnect { ping_id: 3, disconnect_delay: 10 });
    for _ in 0..5 {
        let id = bench.id();
        bench.send(id, 0, &ping).unwrap();
        bench.wait(9000);
    }
    // A plain ping does not.
    let id = bench.id();
    bench.send(id, 0, &bytes(&Ping { ping_id: 4 })).unwrap();
    bench.wait(1000);
    assert_eq!(bench.events(), [Event::Disconnect { connection: CONNECTION }]);
}

/// Salts: wrong ones are told the right one, with code 48, and the message was not processed.
#[test]
fn bad_server_salt() {
    let mut bench = Bench::new();
    bench.salt = 0;
    let id = bench.id();
    assert_eq!(bench.send(id, 1, &query(1)), Err(PeerMisbehaved::BadServerSalt));
    let got = bench.receive();
    let bad: BadServerSalt = got[0].decode();
    let new_server_salt = salts(&bench.key).current(bench.now);
    assert_eq!(bad, BadServerSalt { bad_msg_id: id, bad_msg_seqno: 1, error_code: 48, new_server_salt });
    assert_eq!((got.len(), bench.events()), (1, vec![]));
    bench.salt = new_server_salt;
    bench.send(id, 1, &query(1)).unwrap();
    assert_eq!(bench.events(), [rpc(id, 1)]);
}

#[test]
fn future_salts() {
    let mut bench = Bench::established();
    let id = bench.id();
    bench.send(id, 1, &bytes(&GetFutureSalts { num: 64 })).unwrap();
    let got = bench.receive();
    let salts: FutureSalts = got[0].decode();
    assert_eq!((salts.req_msg_id, i64::from(salts.now), salts.salts.len()), (id, bench.now / 1000, 64));
    assert_eq!((got.len(), got[0].seq_no & 1), (1, 0));
}

/// A query that was received is not run again, whatever became of it.
#[test]
fn a_repeated_query_is_answered_from_the_first_result() {
    let mut bench = Bench::established();
    let id = bench.id();
    bench.send(id, 1, &query(1)).unwrap();
    assert_eq!(bench.events(), [rpc(id, 1)]);

    // Running: acknowledged at most.
    let outer = bench.id();
    bench.send(outer, 2, &container(&[(id, 1, query(1))])).unwrap();
    bench.send(id, 1, &query(1)).unwrap();
    assert_eq!(bench.events(), []);

    bench.server.answer(bench.now, id, &[9; 4]);
    let first = bench.receive();
    let first = first.iter().find(|message| message.id() != MsgsAck::ID).unwrap();
    assert_eq!(first.result(), (id, vec![9; 4]));
    for _ in 0..2 {
        let outer = bench.id();
        bench.send(outer, 2, &container(&[(id, 1, query(1))])).unwrap();
        assert_eq!(bench.events(), []);
        let (packet, again) = bench.packet(CONNECTION).unwrap();
        // The same message, in a container of its own.
        assert!(again[0] == *first && packet > first.msg_id);
    }

    // Acknowledged: the client has it, and gets no more.
    let ack = bench.id();
    bench.send(ack, 2, &bytes(&MsgsAck { msg_ids: vec![first.msg_id] })).unwrap();
    bench.send(id, 1, &query(1)).unwrap();
    bench.wait(ACK_DELAY);
    assert_eq!(bench.events(), []);
    let got = bench.receive();
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].decode::<MsgsAck>().msg_ids, [id]);
}

#[test]
fn unacknowledged_messages_go_out_on_the_next_connection() {
    let mut bench = Bench::established();
    let (a, b) = (bench.id(), bench.id());
    bench.send(a, 1, &query(1)).unwrap();
    bench.send(b, 3, &query(2)).unwrap();
    bench.server.answer(bench.now, a, &[1; 4]);
    bench.server.push(bench.now, query(77)).unwrap();
    let mut first = bench.receive();
    assert_eq!(first.pop().unwrap().decode::<MsgsAck>().msg_ids, [b]);
    assert_eq!(first.len(), 2);
    bench.server.detach(bench.now, CONNECTION);
    assert!(!bench.server.is_attached());
    // Answered while nobody is there.
    bench.server.answer(bench.now, b, &[2; 4]);

    bench.now += 5000;
    bench.server.attach(bench.now, SECOND, ConnectionKind::Stream);
    assert!(bench.receive_over(SECOND).is_empty(), "nothing before the client has shown itself");
    let id = bench.id();
    bench.send_over(SECOND, id, 4, &bytes(&Ping { ping_id: 2 })).unwrap();
    let again = bench.receive_over(SECOND);
    // The announcement of the session was not acknowledged either.
    let ids: Vec<u32> = again.iter().map(super::util::Got::id).collect();
    assert_eq!(ids[0], NewSessionCreated::ID);
    assert!(first.iter().all(|message| again.contains(message)));
    assert!(again.iter().any(|message| message.body.len() == 16 && message.result() == (b, vec![2; 4])));

    let acks = again.iter().filter(|message| message.seq_no & 1 == 1).map(|message| message.msg_id).collect();
    let id = bench.id();
    bench.send_over(SECOND, id, 4, &bytes(&MsgsAck { msg_ids: acks })).unwrap();
    bench.server.detach(bench.now, SECOND);
    bench.server.attach(bench.now, CONNECTION, ConnectionKind::Stream);
    let id = bench.id();
    bench.send(id, 4, &bytes(&Ping { ping_id: 3 })).unwrap();
    assert_eq!(bench.receive().len(), 1);
}

/// Reconnects after a while; where the answer and the update that were not acknowledged are found again.
fn reconnect(bench: &mut Bench, wait: i64, answer: &[u8], push: &[u8]) -> [i64; 2] {
    bench.server.detach(bench.now, CONNECTION);
    bench.now += wait;
    bench.salt = salts(&bench.key).current(bench.now);
    bench.server.attach(bench.now, CONNECTION, ConnectionKind::Stream);
    let id = bench.id();
    bench.send(id, 2, &bytes(&Ping { ping_id: 1 })).unwrap();
    let got = bench.receive();
    [answer, push].map(|end| got.iter().find(|got| got.body.ends_with(end)).unwrap().msg_id)
}

fn unacknowledged() -> (Bench, [i64; 2]) {
    let mut bench = Bench::established();
    let asked = bench.id();
    bench.send(asked, 1, &query(1)).unwrap();
    bench.server.answer(bench.now, asked, &[1; 4]);
    bench.server.push(bench.now, query(5)).unwrap();
    let first = bench.receive();
    (bench, [first[0].msg_id, first[1].msg_id])
}

/// Clients ignore identifiers that are more than five minutes old.
#[test]
fn old_messages_get_new_identifiers() {
    let (mut bench, first) = unacknowledged();
    assert_eq!(reconnect(&mut bench, RESEND_SAME_ID_AGE - 1000, &[1; 4], &query(5)), first);
    let renamed = reconnect(&mut bench, 2000, &[1; 4], &query(5));
    assert!(renamed.iter().all(|id| *id > first[1]));
    // Nothing is too old to be sent.
    let again = reconnect(&mut bench, 40_000_000, &[1; 4], &query(5));
    assert!(again.iter().all(|id| *id > renamed[1]));
}

/// A client that hangs up at sight of a repeat gets the message under a new identifier in the end.
#[test]
fn identifiers_are_not_repeated_for_ever() {
    let (mut bench, first) = unacknowledged();
    for _ in 1..SAME_ID_TRANSMITS_MAX {
        assert_eq!(reconnect(&mut bench, 0, &[1; 4], &query(5)), first);
    }
    let renamed = reconnect(&mut bench, 0, &[1; 4], &query(5));
    assert!(renamed.iter().all(|id| *id > first[1]));
}

/// A client that never acknowledges answers is served all the same.
#[test]
fn answers_that_are_never_acknowledged() {
    let mut bench = Bench::established();
    for i in 0..3 * UNACKED_ANSWERS_MAX as i32 {
        let id = bench.id();
        bench.send(id, 1 + 2 * i, &query(1)).unwrap();
        assert_eq!(bench.events(), [rpc(id, 1)]);
        bench.server.answer(bench.now, id, &[1; 4]);
        assert!(!bench.receive().is_empty());
        bench.now += 1;
    }
}

#[test]
fn queries_without_a_quick_answer_are_acknowledged() {
    let mut bench = Bench::established();
    let id = bench.id();
    bench.send(id, 1, &query(1)).unwrap();
    assert!(bench.receive().is_empty());
    assert_eq!(bench.server.poll_timeout(), Some(bench.now + ACK_DELAY));
    bench.wait(ACK_DELAY);
    assert_eq!(bench.server.poll_wake(), Some(CONNECTION));
    let got = bench.receive();
    assert_eq!((got.len(), got[0].seq_no & 1), (1, 0));
    assert_eq!(got[0].decode::<MsgsAck>().msg_ids, [id]);

    // Sixteen at once are not kept waiting.
    let ids: Vec<i64> = (0..ACKS_PENDING_MAX).map(|_| bench.id()).collect();
    for (i, id) in ids.iter().enumerate() {
        bench.send(*id, 3 + 2 * i as i32, &query(1)).unwrap();
    }
    assert_eq!(bench.receive()[0].decode::<MsgsAck>().msg_ids, ids);
}

#[test]
fn states_of_messages() {
    let mut bench = Bench::established();
    let (unsent, running, answered, acked, ping) =
        (bench.id(), bench.id(), bench.id(), bench.id(), bench.id());
    bench.send(running, 1, &query(1)).unwrap();
    bench.send(answered, 3, &query(2)).unwrap();
    bench.send(acked, 5, &query(3)).unwrap();
    bench.send(ping, 6, &bytes(&Ping { ping_id: 1 })).unwrap();
    bench.server.answer(bench.now, answered, &[0; 4]);
    bench.server.answer(bench.now, acked, &[0; 4]);
    let got = bench.receive();
    let answer = got.iter().find(|message| message.body[4..12] == acked.to_le_bytes()).unwrap().msg_id;
    let id = bench.id();
    bench.send(id, 6, &bytes(&MsgsAck { msg_ids: vec![answer] })).unwrap();

    let (state, later) = (bench.id(), bench.id());
    let msg_ids = vec![unsent, running, answered, acked, ping, later];
    bench.send(state, 7, &bytes(&MsgsStateReq { msg_ids })).unwrap();
    let info: MsgsStateInfo = bench.receive().last().unwrap().decode();
    assert_eq!(info.req_msg_id, state);
    // The answers were sent together with the acknowledgement of the running query.
    assert_eq!(info.info, [2, 4 + 8 + 32, 4 + 8 + 32 + 64, 4 + 8, 4 + 16, 3]);
}

#[test]
fn messages_asked_for_again() {
    let mut bench = Bench::established();
    let query_id = bench.id();
    bench.send(query_id, 1, &query(1)).unwrap();
    bench.server.answer(bench.now, query_id, &[3; 4]);
    bench.server.push(bench.now, query(9)).unwrap();
    let sent = bench.receive();
    let ids: Vec<i64> = sent.iter().map(|message| message.msg_id).collect();

    let id = bench.id();
    bench.send(id, 2, &bytes(&MsgResendReq { msg_ids: ids.clone() })).unwrap();
    assert!(bench.receive() == sent);
    let id = bench.id();
    bench.send(id, 2, &bytes(&MsgResendAnsReq { msg_ids: vec![query_id] })).unwrap();
    assert!(bench.receive() == sent[..1]);
    // One that is not kept: the states of all are told as well.
    let id = bench.id();
    bench.send(id, 2, &bytes(&MsgResendReq { msg_ids: vec![ids[0], 12_345] })).unwrap();
    let got = bench.receive();
    assert!(got.contains(&sent[0]));
    let info: MsgsStateInfo = got.iter().find(|message| message.id() == MsgsStateInfo::ID).unwrap().decode();
    assert_eq!((info.req_msg_id, info.info.len()), (id, 2));
}

#[test]
fn answers_that_are_not_wanted_any_more() {
    let mut bench = Bench::established();
    let drop = |bench: &mut Bench, query: i64, seq_no: i32| {
        let id = bench.id();
        bench.send(id, seq_no, &bytes(&RpcDropAnswer { req_msg_id: query })).unwrap();
        (id, bench.receive())
    };
    // Unknown.
    let (id, got) = drop(&mut bench, 4, 1);
    assert_eq!(got[0].result(), (id, bytes(&RpcAnswerUnknown {})));
    assert_eq!(got[0].seq_no & 1, 1);

    // Running: both queries get the same answer, and the real one is thrown away.
    let running = bench.id();
    bench.send(running, 3, &query(1)).unwrap();
    bench.events();
    let (id, got) = drop(&mut bench, running, 5);
    assert_eq!(bench.events(), [Event::AnswerDropped { msg_id: running }]);
    let dropped = bytes(&RpcAnswerDroppedRunning {});
    assert_eq!([got[0].result(), got[1].result()], [(running, dropped.clone()), (id, dropped)]);
    bench.server.answer(bench.now, running, &[0; 4]);
    assert!(bench.receive().is_empty());
    assert_eq!(bench.server.running_queries(), 0);

    // Answered, sent or not: taken out of the queue, and its identity told.
    for sent in [false, true] {
        let answered = bench.id();
        bench.send(answered, 7 + 4 * i32::from(sent), &query(1)).unwrap();
        bench.server.answer(bench.now, answered, &[1; 4]);
        let first = if sent { bench.receive().pop() } else { None };
        let (id, got) = drop(&mut bench, answered, 9 + 4 * i32::from(sent));
        let (query, body) = got.last().unwrap().result();
        let dropped = RpcAnswerDropped::from_bytes(&body).unwrap();
        assert_eq!((query, dropped.bytes, got.len()), (id, 16, 1));
        if let Some(first) = first {
            assert_eq!((dropped.msg_id, dropped.seq_no), (first.msg_id, first.seq_no));
        }
        bench.server.detach(bench.now, CONNECTION);
        bench.server.attach(bench.now, CONNECTION, ConnectionKind::Stream);
        let ping = bench.id();
        bench.send(ping, 20 * i32::from(sent) + 10, &bytes(&Ping { ping_id: 1 })).unwrap();
        assert!(bench.receive().iter().all(|message| !message.body.ends_with(&[1; 4])));
    }
}

#[test]
fn sessions_and_keys_destroyed() {
    let mut bench = Bench::established();
    let own = bench.id();
    bench.send(own, 1, &bytes(&DestroySession { session_id: SESSION })).unwrap();
    assert_eq!(bench.receive()[0].decode::<DestroySessionNone>().session_id, SESSION);

    for (seq_no, existed) in [(3, true), (5, false)] {
        let id = bench.id();
        bench.send(id, seq_no, &bytes(&DestroySession { session_id: 42 })).unwrap();
        assert_eq!(bench.events(), [Event::DestroySession { msg_id: id, session_id: 42 }]);
        bench.server.answer_destroy_session(bench.now, id, 42, existed);
        let got = bench.receive();
        assert_eq!(got.len(), 1, "nothing is left to acknowledge");
        if existed {
            assert_eq!(got[0].decode::<DestroySessionOk>().session_id, 42);
        } else {
            assert_eq!(got[0].decode::<DestroySessionNone>().session_id, 42);
        }
    }
    for (seq_no, outcome, expected) in [
        (7, DestroyAuthKeyOutcome::Ok, bytes(&DestroyAuthKeyOk {})),
        (9, DestroyAuthKeyOutcome::None, bytes(&DestroyAuthKeyNone {})),
        (11, DestroyAuthKeyOutcome::Fail, bytes(&DestroyAuthKeyFail {})),
    ] {
        let id = bench.id();
        bench.send(id, seq_no, &bytes(&DestroyAuthKey {})).unwrap();
        assert_eq!(bench.events(), [Event::DestroyAuthKey { msg_id: id }]);
        bench.server.answer_destroy_auth_key(bench.now, id, outcome);
        assert_eq!(bench.receive()[0].body, expected);
    }
}

#[test]
fn limits_end_the_connection() {
    let mut bench = Bench::established();
    let ids = vec![1; MSG_IDS_MAX + 1];
    let id = bench.id();
    let error = PeerMisbehaved::TooManyIds { count: ids.len() };
    for body in [
        bytes(&MsgsAck { msg_ids: ids.clone() }),
        bytes(&MsgsStateReq { msg_ids: ids.clone() }),
        bytes(&MsgResendReq { msg_ids: ids.clone() }),
        bytes(&MsgsAllInfo { msg_ids: ids, info: vec![] }),
    ] {
        assert_eq!(bench.send(id, 0, &body), Err(error.clone()));
    }
    assert_eq!(error.fatal(), Some(TransportCode::Flood));

    let mut bench = Bench::established();
    for i in 0..RUNNING_QUERIES_MAX {
        let id = bench.id();
        bench.send(id, 1 + 2 * i as i32, &query(1)).unwrap();
    }
    let id = bench.id();
    let seq_no = 1 + 2 * RUNNING_QUERIES_MAX as i32;
    assert_eq!(bench.send(id, seq_no, &query(1)), Err(PeerMisbehaved::TooManyQueries));
    assert!(PeerMisbehaved::TooManyQueries.is_fatal());
    bench.events().iter().for_each(|event| {
        if let Event::Rpc { msg_id, .. } = event {
            bench.server.answer(bench.now, *msg_id, &[0; 4]);
        }
    });
    bench.send(id, seq_no, &query(1)).unwrap();
}

#[test]
fn a_client_that_does_not_read_is_dropped() {
    let mut bench = Bench::established();
    let body = vec![0; 1 << 20];
    for _ in 0..OUTGOING_BYTES_MAX >> 20 {
        assert_eq!(bench.server.push(bench.now, body.clone()), Ok(()));
    }
    assert_eq!(bench.server.push(bench.now, body.clone()), Err(Overflow));

    // And by answers.
    let mut random = Seeded::new(4);
    let mut bench = Bench::established();
    let mut events = vec![];
    for i in 0..20 {
        let id = bench.id();
        bench.send(id, 1 + 2 * i, &query(1)).unwrap();
        bench.events();
        bench.server.answer(bench.now, id, &random.bytes(1 << 20));
        events.extend(bench.events());
    }
    assert_eq!(events, [Event::Overflow]);
}

/// Large answers are not kept for ever; a client that still misses one is told to ask again, and can.
#[test]
fn large_answers_can_be_asked_for_again() {
    let mut random = Seeded::new(5);
    let mut bench = Bench::established();
    let ids: Vec<i64> = (0..6).map(|_| bench.id()).collect();
    for (i, id) in ids.iter().enumerate() {
        bench.send(*id, 1 + 2 * i as i32, &query(1)).unwrap();
        bench.server.answer(bench.now, *id, &random.bytes(1 << 20));
        bench.receive();
    }
    bench.events();
    let state = bench.id();
    bench.send(state, 12, &bytes(&MsgsStateReq { msg_ids: ids.clone() })).unwrap();
    let info: MsgsStateInfo = bench.receive().last().unwrap().decode();
    assert_eq!(info.info[0], 2);
    assert_eq!(info.info[5], 4 + 8 + 32 + 64);
    // Playing back the packet of the query does not run it.
    bench.send(ids[0], 1, &query(1)).unwrap();
    assert_eq!(bench.events(), []);
    let outer = bench.id();
    bench.send(outer, 12, &container(&[(ids[0], 1, query(1))])).unwrap();
    assert_eq!(bench.events(), [rpc(ids[0], 1)]);
    bench.server.answer(bench.now, ids[0], &[6; 4]);
    assert!(bench.receive().iter().any(|message| message.body.ends_with(&[6; 4])));
}

#[test]
fn answers_prefer_the_connection_of_their_query() {
    let mut bench = Bench::established();
    bench.server.attach(bench.now, SECOND, ConnectionKind::Stream);
    let (a, b) = (bench.id(), bench.id());
    bench.send_over(CONNECTION, a, 1, &query(1)).unwrap();
    bench.send_over(SECOND, b, 3, &query(2)).unwrap();
    bench.server.push(bench.now, query(9)).unwrap();
    bench.server.answer(bench.now, b, &[2; 4]);
    bench.server.answer(bench.now, a, &[1; 4]);
    let one = bench.receive_over(CONNECTION);
    assert_eq!((one.len(), one[0].result().0), (1, a));
    // What the client did not ask for goes where it was active last.
    let two = bench.receive_over(SECOND);
    assert_eq!((two.len(), two[0].body.clone(), two[1].result().0), (2, query(9), b));

    // When the connection is gone, another one will do.
    let c = bench.id();
    bench.send_over(SECOND, c, 5, &query(3)).unwrap();
    bench.server.detach(bench.now, SECOND);
    bench.server.answer(bench.now, c, &[3; 4]);
    assert!(bench.receive_over(CONNECTION).iter().any(|message| message.body.ends_with(&[3; 4])));
}

#[test]
fn connections_of_a_session_are_bounded() {
    let mut bench = Bench::established();
    for i in 0..CONNECTIONS_MAX as u64 {
        bench.server.attach(bench.now, ConnectionId(100 + i), ConnectionKind::Stream);
    }
    assert_eq!(bench.events(), [Event::Disconnect { connection: CONNECTION }]);
}

#[test]
fn a_large_batch_is_cut_into_packets() {
    let mut bench = Bench::established();
    for i in 0..2500 {
        bench.server.push(bench.now, query(i)).unwrap();
    }
    bench.server.push(bench.now, vec![1; 512 << 10]).unwrap();
    let mut packets = vec![];
    while let Some((_, messages)) = bench.packet(CONNECTION) {
        packets.push(messages.len());
    }
    assert!(packets.iter().all(|count| *count <= CONTAINER_MESSAGES_MAX));
    assert_eq!(packets.iter().sum::<usize>(), 2501);
    assert_eq!(*packets.last().unwrap(), 1);
}

/// No message makes a session panic.
#[test]
fn hostile_messages() {
    let seed = 6;
    println!("seed {seed}");
    let mut random = Seeded::new(seed);
    let ids = [
        0x62d6_b459_u32,
        0x73f1_f8dc,
        0xe060_46b2,
        0x3072_cfa1,
        0xda69_fb52,
        0x7d86_1a08,
        0x8610_baeb,
        0x58e4_a740,
        0xb921_bd04,
        0x7abe_77ec,
        0xf342_7b8c,
        0xe751_2126,
        0xd143_5160,
        0x9299_359f,
        0x8cc0_d131,
        0x04de_b57d,
        0xf35c_6d01,
        0x1cb5_c415,
    ];
    let mut bench = Bench::established();
    for round in 0..20_000 {
        let mut body = ids[random.below(ids.len() as u64) as usize].to_le_bytes().to_vec();
        for _ in 0..random.below(8) {
            match random.below(4) {
                0 => body.extend_from_slice(&(random.below(5) as u32).to_le_bytes()),
                1 => body.extend_from_slice(&0x1cb5_c415_u32.to_le_bytes()),
                2 => body.extend_from_slice(&bench.ids.next(bench.now, true).to_le_bytes()),
                _ => body.extend_from_slice(&random.bytes(4)),
            }
        }
        let id = if random.below(4) == 0 { random.next() as i64 } else { bench.id() };
        let _ = bench.send(id, random.below(6) as i32, &body);
        bench.wait(random.below(20) as i64);
        bench.receive();
        for event in bench.events() {
            if let Event::Rpc { msg_id, .. } = event {
                bench.server.answer(bench.now, msg_id, &[0; 4]);
            }
        }
        if round % 1000 == 0 {
            bench.salt = salts(&bench.key).current(bench.now);
        }
    }
}
