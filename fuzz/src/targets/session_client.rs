//! A client's session whose server is hostile.

use std::collections::BTreeSet;

use crypto::Side;
use mtproto::limits::PACKET_BYTES_MAX;
use mtproto::packet::encrypted::{Opened, open};
use mtproto::session::client::{ClientEvent, ClientSession, RequestId};
use tl::service::{
    BadMsgNotification, BadServerSalt, FutureSalt, FutureSalts, MSG_CONTAINER, MSG_COPY, MsgsAck,
    NewSessionCreated, Pong, RPC_RESULT,
};
use tl::{Encode, Reader, Writer, gzip};

use super::numbered;
use super::packet::{NOW, key};
use super::session_server::from_time;
use crate::input::{Input, Seeded};

const SESSION: i64 = 0x5e55_1001;

struct Play {
    session: ClientSession,
    now: i64,
    random: Seeded,
    /// Identifiers that were sent.
    sent: Vec<i64>,
    asked: BTreeSet<RequestId>,
    count: i64,
    last_out: i64,
}

pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let mut play = Play {
        session: ClientSession::new(key(), SESSION, 0x5a17, i64::from(input.u8().cast_signed()) * 1000),
        now: NOW,
        random: Seeded(1),
        sent: Vec::new(),
        asked: BTreeSet::new(),
        count: 0,
        last_out: i64::MIN,
    };
    while !input.is_empty() {
        play.step(&mut input);
    }
}

impl Play {
    fn step(&mut self, input: &mut Input<'_>) {
        match input.u8() % 12 {
            0..=5 => self.receive(input),
            6 => {
                let body = vec![0x55; usize::from(input.u8()) * 4 + 4];
                self.asked.extend(self.session.request(body));
            }
            7 => drop(self.session.ping(input.i64())),
            8 => {
                self.now = (self.now + i64::from(input.u16()) * i64::from(input.u8())).min(2_100_000_000_000)
            }
            9 => self.session.attach(),
            10 => {
                let request = RequestId(input.u8().into());
                let _ = self.session.msg_id(request);
                self.session.forget(request);
                self.asked.remove(&request);
            }
            _ => self.transmit(),
        }
        while let Some(event) = self.session.poll_event() {
            if let ClientEvent::Answer { request, .. } | ClientEvent::Refused { request, .. } = event {
                let _ = self.asked.remove(&request);
            }
        }
        let _ = (self.session.pending(), self.session.poll_timeout());
    }

    /// An odd identifier of now, each higher than the one before.
    fn id(&mut self, input: &mut Input<'_>) -> i64 {
        self.count += 1;
        match input.u8() {
            0..=199 => from_time(self.now) + self.count * 4 + 1,
            200..=229 => from_time(self.now) + i64::from(input.i32()) * 4 + 1,
            _ => input.i64(),
        }
    }

    fn theirs(&mut self, input: &mut Input<'_>) -> i64 {
        let at = usize::from(input.u8());
        if at < 240 && !self.sent.is_empty() { self.sent[at % self.sent.len()] } else { input.i64() }
    }

    fn body(&mut self, input: &mut Input<'_>, depth: u8) -> Vec<u8> {
        let object: Box<dyn Encode> = match input.u8() % 14 {
            0 => return input.chunk().to_vec(),
            1 | 2 => {
                let mut w = Writer::new(0);
                w.u32(RPC_RESULT);
                w.i64(self.theirs(input));
                if input.coin() {
                    w.u32(gzip::GZIP_PACKED);
                    let mut packed = gzip::pack(input.chunk());
                    input.spoil(&mut packed);
                    w.bytes(&packed);
                } else {
                    w.raw(input.chunk());
                }
                return w.into_bytes();
            }
            3 => Box::new(BadServerSalt {
                bad_msg_id: self.theirs(input),
                bad_msg_seqno: 0,
                error_code: 48,
                new_server_salt: input.i64(),
            }),
            4 => Box::new(BadMsgNotification {
                bad_msg_id: self.theirs(input),
                bad_msg_seqno: 0,
                error_code: [16, 17, 18, 19, 20, 32, 33, 35, 48, 64, 0, -1][usize::from(input.u8() % 12)],
            }),
            5 => Box::new(NewSessionCreated {
                first_msg_id: self.theirs(input),
                unique_id: input.i64(),
                server_salt: input.i64(),
            }),
            6 => Box::new(Pong { msg_id: self.theirs(input), ping_id: 1 }),
            7 => {
                let salt = FutureSalt { valid_since: input.i32(), valid_until: input.i32(), salt: 1 };
                let salts = vec![salt; usize::from(input.u8() % 80)];
                Box::new(FutureSalts { req_msg_id: self.theirs(input), now: input.i32(), salts })
            }
            8 => Box::new(MsgsAck { msg_ids: vec![self.theirs(input)] }),
            9 => {
                let mut w = Writer::new(0);
                w.u32(gzip::GZIP_PACKED);
                w.bytes(input.chunk());
                return w.into_bytes();
            }
            10 if depth > 0 => {
                let (msg_id, seq_no) = (self.id(input), input.u8());
                let body = self.body(input, depth - 1);
                let mut w = Writer::new(0);
                w.u32(MSG_COPY);
                w.i64(msg_id);
                w.i32(seq_no.into());
                w.u32(body.len() as u32);
                w.raw(&body);
                return w.into_bytes();
            }
            _ if depth > 0 => {
                let count = input.u8() % 10;
                let mut w = Writer::new(0);
                w.u32(MSG_CONTAINER);
                w.u32(if input.u8() == 255 { input.u16().into() } else { count.into() });
                for _ in 0..count {
                    let (msg_id, seq_no) = (self.id(input), input.u8());
                    let body = self.body(input, depth - 1);
                    w.i64(msg_id);
                    w.i32(seq_no.into());
                    w.u32(body.len() as u32);
                    w.raw(&body);
                }
                return w.into_bytes();
            }
            _ => return input.chunk().to_vec(),
        };
        object.to_bytes(0).expect("service types have a form in every layer")
    }

    fn receive(&mut self, input: &mut Input<'_>) {
        let body = self.body(input, 2);
        let session_id = if input.u8() < 254 { SESSION } else { input.i64() };
        let (msg_id, seq_no) = (self.id(input), i32::from(input.u8()));
        let opened = Opened { salt: 1, session_id, msg_id, seq_no, body: &body, quick_ack_token: 0 };
        let pending = self.session.pending();
        let handled = self.session.handle_message(self.now, &opened);
        assert!(handled.is_ok() || self.session.pending() <= pending);
        // The same message once more is never taken.
        if handled.is_ok() {
            assert!(self.session.handle_message(self.now, &opened).is_err());
        }
    }

    fn transmit(&mut self) {
        let key = key();
        for round in 0.. {
            assert!(round < 10_000, "a session transmits without end");
            let mut out = Vec::new();
            if !self.session.poll_transmit(self.now, &mut self.random, &mut out) {
                break;
            }
            assert!(out.len() <= PACKET_BYTES_MAX);
            let opened = open(&key, Side::Client, &mut out).expect("the server can open it");
            assert!(opened.msg_id & 3 == 0);
            self.last_out = opened.msg_id;
            let mut r = Reader::new(opened.body);
            self.sent.push(opened.msg_id);
            if r.u32() == Ok(MSG_CONTAINER) {
                for _ in 0..r.u32().expect("a count") {
                    let (msg_id, _, length) =
                        (r.i64().expect("an id"), r.i32().expect("a number"), r.u32().expect("a length"));
                    r.raw(length as usize).expect("a body");
                    self.sent.push(msg_id);
                }
                r.finish().expect("the container is whole");
            }
        }
    }
}

pub fn seeds() -> Vec<(String, Vec<u8>)> {
    let ask = [6, 5];
    let out = [11];
    let answer = [0, 1, 0, 0, 4, 1, 2, 3, 4, 0, 0, 1];
    let packed = [0, 1, 0, 1, 4, 1, 2, 3, 4, 0, 0, 0, 1];
    let salt = [0, 3, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let notice = [0, 4, 0, 1, 0, 0, 0];
    let created = [0, 5, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let script = |parts: &[&[u8]]| [&[0][..], &parts.concat()].concat();
    numbered([
        script(&[&ask, &out, &answer, &out]),
        script(&[&ask, &ask, &out, &packed, &salt, &out, &answer]),
        script(&[&ask, &out, &created, &[9], &out, &notice, &out]),
        script(&[
            &ask,
            &out,
            &[8, 200, 1, 50],
            &[0, 11, 2, 0, 0, 1, 1, 0, 0, 2, 9, 9, 0, 2, 6, 0, 0, 0, 0],
            &out,
        ]),
    ])
}
