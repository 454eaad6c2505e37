//! One test per rule of "Security guidelines for client developers" and per attack of "Four attacks and a
//! proof for Telegram" (2022), as far as they concern this layer. Rules of the key exchange and of RSA
//! stand beside those; here is where both sides of the message layer are tried.

use crypto::aes::ige_encrypt;
use crypto::kdf::{message_keys, msg_key, msg_key_large};
use tl::service::{BadMsgNotification, BadServerSalt, MsgsAck, NewSessionCreated, Pong};

use super::util::*;
use crate::limits::PADDING_BYTES_MAX;
use crate::packet::encrypted::{Header, OpenError, Opened, open, seal};
use crate::session::client::{ClientEvent, ClientMisbehaved, ClientSession};
use crate::session::server::{Event, PeerMisbehaved};
use crate::session::{ConnectionId, ConnectionKind, MsgIds};
use crate::transport::TransportCode;
use crate::{AuthKey, RandomSource, Side};

const STRANGER: ConnectionId = ConnectionId(66);

/// A packet with this plaintext, whatever it is, and the right message key.
fn sealed_plaintext(key: &AuthKey, from: Side, plaintext: &[u8]) -> Vec<u8> {
    let large = msg_key_large(key, from, plaintext);
    let keys = message_keys(key, from, &msg_key(&large));
    let mut encrypted = plaintext.to_vec();
    ige_encrypt(&keys.key, &keys.iv, &mut encrypted);
    [&key.id().to_le_bytes()[..], &msg_key(&large), &encrypted].concat()
}

/// A plaintext that says it holds `length` bytes, and has `total`.
fn plaintext(length: i32, total: usize) -> Vec<u8> {
    let mut plaintext = vec![0; total];
    plaintext[28..32].copy_from_slice(&length.to_le_bytes());
    plaintext
}

#[test]
fn guideline_sha256_of_msg_key_is_checked_over_everything() {
    let mut random = Seeded::new(1);
    let key = auth_key(1);
    let header = Header { salt: 1, session_id: 2, msg_id: 4, seq_no: 1 };
    let mut packet = Vec::new();
    seal(&key, Side::Client, &header, &query(1), &mut random, &mut packet);
    // Every bit of message key and content counts, padding included.
    for at in 8..packet.len() {
        let mut changed = packet.clone();
        changed[at] ^= 1 << random.below(8);
        assert_eq!(open(&key, Side::Client, &mut changed), Err(OpenError::MsgKey), "{at}");
    }
}

#[test]
fn guideline_message_length_and_padding_are_checked() {
    use OpenError::*;
    let key = auth_key(1);
    let check = |length: i32, total: usize, expected: Result<usize, OpenError>| {
        let mut packet = sealed_plaintext(&key, Side::Server, &plaintext(length, total));
        assert_eq!(open(&key, Side::Server, &mut packet).map(|opened| opened.body.len()), expected);
    };
    check(0, 48, Ok(0));
    check(4, 48, Ok(4));
    check(8, 48, Err(Padding { padding: 8 }));
    check(16, 48, Err(Padding { padding: 0 }));
    check(20, 48, Err(MessageLength { length: 20 }));
    check(2, 48, Err(MessageLength { length: 2 }));
    check(-4, 48, Err(MessageLength { length: -4 }));
    check(i32::MAX, 48, Err(MessageLength { length: i32::MAX }));
    check(i32::MIN, 48, Err(MessageLength { length: i32::MIN }));
    check(0, 32 + PADDING_BYTES_MAX, Ok(0));
    check(0, 48 + PADDING_BYTES_MAX, Err(Padding { padding: PADDING_BYTES_MAX + 16 }));
    for length in [0, 23, 24, 56, 71, 73, 87] {
        let expected = Err(PacketLength { length });
        assert_eq!(open(&key, Side::Server, &mut vec![0; length]), expected);
    }
}

fn client() -> ClientSession {
    ClientSession::new(auth_key(1), SESSION, 5, 0)
}

fn from_server(session_id: i64, msg_id: i64, body: &[u8]) -> Opened<'_> {
    Opened { salt: 5, session_id, msg_id, seq_no: 0, body, quick_ack_token: 0 }
}

#[test]
fn guideline_session_id_is_checked() {
    let pong = bytes(&Pong { msg_id: 4, ping_id: 2 });
    let id = MsgIds::default().next(NOW, true);
    let wrong = from_server(SESSION + 1, id, &pong);
    assert_eq!(client().handle_message(NOW, &wrong), Err(ClientMisbehaved::WrongSession));

    let mut bench = Bench::established();
    let body = query(1);
    let msg_id = bench.id();
    let wrong = Opened { seq_no: 1, ..from_server(SESSION + 1, msg_id, &body) };
    assert_eq!(bench.server.handle_message(NOW, CONNECTION, &wrong), Err(PeerMisbehaved::WrongSession));
    assert_eq!(PeerMisbehaved::WrongSession.fatal(), Some(TransportCode::NotFound));
    assert_eq!(bench.events(), []);
}

#[test]
fn guideline_msg_id_is_checked() {
    use ClientMisbehaved::*;
    let pong = bytes(&Pong { msg_id: 4, ping_id: 2 });
    let mut client = client();
    let mut check = |msg_id, expected| {
        assert_eq!(client.handle_message(NOW, &from_server(SESSION, msg_id, &pong)), expected);
    };
    let id = MsgIds::default().next(NOW, true);
    check(id - 4, Ok(()));
    check(id & !3, Err(MsgIdParity));
    check((id & !3) + 2, Err(MsgIdParity));
    check(id - (301 << 32), Err(MsgIdTooLow));
    check(id + (31 << 32), Err(MsgIdTooHigh));
    check(id, Ok(()));
    check(id, Err(Repeated));
    check(id + 4, Ok(()));
    // The lowest of many is forgotten, and nothing below it is taken any more.
    for step in 2..1010 {
        check(id + 4 * step, Ok(()));
    }
    check(id, Err(Forgotten));
    check(id - 8, Err(Forgotten));
}

/// "No information from incorrect messages can be used."
#[test]
fn guideline_nothing_of_a_wrong_message_is_used() {
    let mut client = client();
    let good = bytes(&Pong { msg_id: 4, ping_id: 2 });
    let mut ids = MsgIds::default();
    let (a, b, outer) = (ids.next(NOW, true), ids.next(NOW, true), ids.next(NOW, true));
    let body = container(&[(a, 0, good.clone()), (b + 1, 0, good)]);
    assert!(client.handle_message(NOW, &from_server(SESSION, outer, &body)).is_err());
    assert_eq!(client.poll_event(), None);
}

/// A copy counts like a container: played back, it is refused, and what is in it runs once.
#[test]
fn guideline_a_copy_is_taken_once() {
    let mut client = client();
    let mut ids = MsgIds::default();
    let (inside, outer, later) = (ids.next(NOW, true), ids.next(NOW, true), ids.next(NOW, true));
    let pong = bytes(&Pong { msg_id: 4, ping_id: 2 });
    let mut copy = tl::Writer::new(0);
    copy.u32(tl::service::MSG_COPY);
    copy.i64(inside);
    copy.i32(0);
    copy.u32(pong.len() as u32);
    copy.raw(&pong);
    let copy = copy.into_bytes();
    assert_eq!(client.handle_message(NOW, &from_server(SESSION, outer, &copy)), Ok(()));
    assert_eq!(client.poll_event(), Some(ClientEvent::Pong { ping_id: 2 }));
    let again = client.handle_message(NOW, &from_server(SESSION, outer, &copy));
    assert_eq!(again, Err(ClientMisbehaved::Repeated));
    // The same message in another copy is acknowledged once more, and not processed.
    assert_eq!(client.handle_message(NOW, &from_server(SESSION, later, &copy)), Ok(()));
    assert_eq!(client.poll_event(), None);
}

/// Notices about messages that were never sent change nothing: they may be played back.
#[test]
fn guideline_notices_are_believed_only_about_sent_messages() {
    let mut client = client();
    let mut random = Seeded::new(2);
    let request = client.request(query(1)).unwrap();
    let mut out = Vec::new();
    assert!(client.poll_transmit(NOW, &mut random, &mut out));
    let sent = client.msg_id(request).unwrap();
    let notice = |bad_msg_id| {
        bytes(&BadServerSalt { bad_msg_id, bad_msg_seqno: 1, error_code: 48, new_server_salt: 99 })
    };
    let mut ids = MsgIds::default();
    let wrong = notice(sent + 4);
    let opened = from_server(SESSION, ids.next(NOW, true), &wrong);
    assert_eq!(client.handle_message(NOW, &opened), Err(ClientMisbehaved::UnknownMessage));
    assert!(!client.poll_transmit(NOW, &mut random, &mut out));

    let right = notice(sent);
    client.handle_message(NOW, &from_server(SESSION, ids.next(NOW, true), &right)).unwrap();
    out.clear();
    assert!(client.poll_transmit(NOW, &mut random, &mut out));
    let opened = open(&auth_key(1), Side::Client, &mut out).unwrap();
    assert_eq!((opened.salt, opened.body), (99, &query(1)[..]));
    assert!(opened.msg_id > sent);
}

/// 2022, first attack: whoever holds up and swaps packets changes the order in which they arrive. The order
/// of messages in one container stays; and a server that says so takes none that was overtaken.
#[test]
fn attack_1_reordering() {
    let mut bench = Bench::established();
    let ids: Vec<i64> = (0..4).map(|_| bench.id()).collect();
    let body = container(&[(ids[0], 1, query(1)), (ids[1], 3, query(2)), (ids[2], 5, query(3))]);
    bench.send(ids[3], 6, &body).unwrap();
    let order: Vec<i64> = bench
        .events()
        .iter()
        .map(|event| match event {
            Event::Rpc { msg_id, .. } => *msg_id,
            _ => panic!("no query"),
        })
        .collect();
    assert_eq!(order, ids[..3]);

    for strict in [false, true] {
        let mut bench = Bench::established();
        bench.server.set_strict_order(strict);
        let (first, second) = (bench.id(), bench.id());
        bench.send(second, 3, &query(2)).unwrap();
        let overtaken = bench.send(first, 1, &query(1));
        assert_eq!(overtaken, if strict { Err(PeerMisbehaved::Reordered) } else { Ok(()) });
        assert_eq!(bench.events().len(), if strict { 1 } else { 2 });
    }
}

/// 2022, first attack, the other half: packets that are dropped or played back. Nothing runs twice, and
/// nothing is drawn away to whoever plays back.
#[test]
fn attack_1_replay() {
    let mut bench = Bench::established();
    let (a, b, outer) = (bench.id(), bench.id(), bench.id());
    let alone = query(1);
    let body = container(&[(b, 3, query(2))]);
    bench.send(a, 1, &alone).unwrap();
    bench.send(outer, 4, &body).unwrap();
    assert_eq!(bench.events().len(), 2);
    bench.server.attach(bench.now, STRANGER, ConnectionKind::Stream);
    bench.send_over(STRANGER, a, 1, &alone).unwrap();
    assert_eq!(bench.send_over(STRANGER, outer, 4, &body), Err(PeerMisbehaved::Replayed));
    assert_eq!(bench.events(), []);

    bench.server.push(bench.now, query(9)).unwrap();
    bench.server.answer(bench.now, a, &[1; 4]);
    bench.wait(10_000);
    assert!(bench.receive_over(STRANGER).is_empty());
    assert!(bench.receive().len() >= 2);

    // After five minutes the packets are too old for any session, known or not.
    bench.now += 301_000;
    bench.salt = salts(&bench.key).current(bench.now);
    assert_eq!(bench.send_over(STRANGER, a, 1, &alone), Err(PeerMisbehaved::MsgIdTooLow));
}

/// 2022, second attack: a message that is encrypted again under the same header shows, by its ciphertext,
/// whether it is the same. Whatever is sent again, by server or client, the packet around it is new:
/// no two packets begin with the same plaintext.
#[test]
fn attack_2_nothing_is_encrypted_twice_under_one_header() {
    let mut bench = Bench::established();
    let mut headers = Vec::new();
    let mut first_blocks = Vec::new();
    bench.server.push(bench.now, query(1)).unwrap();
    for round in 0..3 {
        let mut out = Vec::new();
        while bench.server.poll_transmit(bench.now, CONNECTION, &mut bench.random, &mut out) {
            first_blocks.push(out[24..56].to_vec());
            let opened = open(&bench.key, Side::Server, &mut out).unwrap();
            assert!(round == 0 || opened.body != query(1), "a repeat is never alone");
            headers.push(opened.msg_id);
            out.clear();
        }
        bench.server.detach(bench.now, CONNECTION);
        bench.server.attach(bench.now, CONNECTION, ConnectionKind::Stream);
        let id = bench.id();
        bench.send(id, 0, &bytes(&MsgsAck { msg_ids: vec![] })).unwrap();
    }
    assert!(headers.len() >= 3);
    assert!(headers.windows(2).all(|pair| pair[0] < pair[1]));
    let packets = first_blocks.len();
    first_blocks.sort();
    first_blocks.dedup();
    assert_eq!(first_blocks.len(), packets);

    // The client.
    let mut client = client();
    let mut random = Seeded::new(3);
    client.request(query(1)).unwrap();
    let mut headers = Vec::new();
    for round in 0..3 {
        let mut out = Vec::new();
        assert!(client.poll_transmit(NOW, &mut random, &mut out));
        let opened = open(&auth_key(1), Side::Client, &mut out).unwrap();
        assert_eq!(opened.body == query(1), round == 0);
        headers.push(opened.msg_id);
        client.attach();
    }
    assert!(headers.windows(2).all(|pair| pair[0] < pair[1]));
}

/// 2022, third attack: a receiver that looks at the decrypted length before it has checked the message key
/// lets the sender of a forged packet see, in the time taken, what the length decrypts to. Here a forged
/// packet is refused for its message key and for nothing else, whatever it decrypts to.
#[test]
fn attack_3_the_message_key_is_checked_before_anything_else() {
    let seed = 4;
    println!("seed {seed}");
    let mut random = Seeded::new(seed);
    let key = auth_key(1);
    // Plaintexts with a wrong length, a wrong padding, and right ones, all under a wrong message key.
    for length in [-1, 0, 1, 4, 2000, i32::MAX] {
        for total in [48, 64, 32 + PADDING_BYTES_MAX, 64 + PADDING_BYTES_MAX] {
            for from in [Side::Client, Side::Server] {
                let keys = message_keys(&key, from, &[7; 16]);
                let mut encrypted = plaintext(length, total);
                random.fill(&mut encrypted[..24]);
                ige_encrypt(&keys.key, &keys.iv, &mut encrypted);
                let mut packet = [&key.id().to_le_bytes()[..], &[7; 16], &encrypted].concat();
                assert_eq!(open(&key, from, &mut packet), Err(OpenError::MsgKey));
            }
        }
    }
}

/// 2022, fourth attack, and the guideline on errors: whoever tries keys or blocks sees one answer only.
#[test]
fn attack_4_all_failures_look_alike() {
    use crate::handshake::server::HandshakeError as E;
    for error in
        [E::Padding, E::InnerNonce, E::InnerNumbers, E::ClientHash, E::OutOfOrder, E::UnknownFingerprint]
    {
        assert_eq!(error.transport_code(), TransportCode::NotFound);
    }
}

/// A message under an old salt may be a recording: it is refused even when its time is right.
#[test]
fn old_salts_do_not_open_the_door() {
    let mut bench = Bench::established();
    let old = salts(&bench.key).current(bench.now);
    bench.now += 2 * 3_600_000;
    bench.salt = old;
    let id = bench.id();
    assert_eq!(bench.send(id, 1, &query(1)), Err(PeerMisbehaved::BadServerSalt));
}

/// The client takes an announcement of a session once, and sends again what the server cannot know.
#[test]
fn a_new_session_makes_the_client_send_again() {
    let mut client = client();
    let mut random = Seeded::new(5);
    let request = client.request(query(1)).unwrap();
    let mut out = Vec::new();
    client.poll_transmit(NOW, &mut random, &mut out);
    let sent = client.msg_id(request).unwrap();
    let body = bytes(&NewSessionCreated { first_msg_id: sent + 4, unique_id: 3, server_salt: 8 });
    let id = MsgIds::default().next(NOW, true);
    client.handle_message(NOW, &Opened { seq_no: 1, ..from_server(SESSION, id, &body) }).unwrap();
    assert_eq!(client.poll_event(), Some(ClientEvent::NewSession { unique_id: 3 }));
    out.clear();
    assert!(client.poll_transmit(NOW, &mut random, &mut out));
    assert_eq!(open(&auth_key(1), Side::Client, &mut out).unwrap().salt, 8);
    let again = client.msg_id(request).unwrap();
    assert!(again > sent);
}

/// A session that ended and came again runs nothing of what it took before.
#[test]
fn what_an_ended_session_took_is_not_taken_again() {
    let mut bench = Bench::established();
    let id = bench.id();
    bench.send(id, 1, &query(1)).unwrap();
    let highest = bench.server.highest_msg_id().unwrap();
    assert_eq!(highest, id);

    let mut again = Bench::new();
    again.server.set_ended_at(highest);
    assert_eq!(again.send(id, 1, &query(1)), Err(PeerMisbehaved::MsgIdTooLow));
    assert_eq!(again.events(), []);
    let told: BadMsgNotification = again.receive()[0].decode();
    assert_eq!((told.bad_msg_id, told.error_code), (id, 16));
    assert_eq!(again.send(id + 4, 1, &query(1)), Ok(()));
    assert_eq!(again.events().len(), 1);
}

/// A session that the server forgot (it restarted, or the client destroyed the session) does not know what it
/// received before. Whoever recorded a packet has five minutes; then no session takes it, and none ever will.
#[test]
fn recordings_are_worth_nothing_to_a_forgotten_session_after_five_minutes() {
    let mut bench = Bench::established();
    let recorded = bench.id();
    bench.send(recorded, 1, &query(1)).unwrap();
    for (seconds, expected) in [
        (60, Ok(())),
        (299, Ok(())),
        (301, Err(PeerMisbehaved::MsgIdTooLow)),
        (86_400, Err(PeerMisbehaved::MsgIdTooLow)),
    ] {
        let mut forgetful = Bench::new();
        forgetful.now += seconds * 1000;
        assert_eq!(forgetful.send(recorded, 1, &query(1)), expected, "{seconds} s");
        // Even then it runs once: the session remembers from here on.
        assert_eq!(forgetful.events().len(), usize::from(expected.is_ok()));
        assert_eq!(forgetful.send(recorded, 1, &query(1)), expected, "{seconds} s");
        assert_eq!(forgetful.events(), []);
    }
    // With the salt of its day a packet gets no further even if its identifier claims the present.
    let mut forgetful = Bench::new();
    forgetful.now += 86_400_000;
    let id = forgetful.id();
    assert_eq!(forgetful.send(id, 1, &query(1)), Err(PeerMisbehaved::BadServerSalt));
}
