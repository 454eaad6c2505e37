//! Everything that a seed sets going, and the time that passes in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::testing::{ManualClock, SeededRandom};
use domain::{Clock as _, Time};
use mtproto::session::client::{ClientEvent, ClientSession};
use mtproto::{AuthKey, Side};
use rpc::boundary::{KeyKind, KeyRecord};
use store::CommitFate;

use crate::device::{Device, Presence};
use crate::model::Model;
use crate::network::{Fate, Network, Packet, To, Weather};
use crate::random::Rng;
use crate::server::{News, Server};
use crate::template::Template;
use crate::trace::Trace;

/// A client that hears nothing for so long makes a new connection.
const CLIENT_PATIENCE_MS: i64 = 10_000;
/// How long a client waits for what would fill a hole before it asks.
pub(crate) const GAP_MS: i64 = 500;
/// Turns at one point in time. More mean that two sides answer each other for ever.
const TURNS_MAX: usize = 10_000;

struct Link {
    device: usize,
    silent: bool,
    /// When the server finds out that the other end is gone.
    detach_at: Option<i64>,
}

/// What the disk does next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Disk {
    pub(crate) fail_next: Option<CommitFate>,
    /// The process ends right after the next commit, before anybody is answered.
    pub(crate) crash_next: bool,
    pub(crate) slow_until: i64,
}

pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) rng: Rng,
    pub(crate) server: Server,
    pub(crate) net: Network,
    pub(crate) devices: Vec<Device>,
    pub(crate) model: Model,
    pub(crate) trace: Trace,
    pub(crate) disk: Disk,
    /// Storage faults so far, and when the last one was: an internal error after it is no surprise.
    pub(crate) last_fault: Option<i64>,
    pub(crate) operations: u64,
    pub(crate) failure: Option<String>,
    /// When the call was made whose answer is being looked at.
    pub(crate) asked_at: i64,
    /// Nothing is lost or doubled in this run.
    pub(crate) is_calm: bool,
    /// How far the event log of each person was checked.
    pub(crate) checked: Vec<i32>,
    links: BTreeMap<u64, Link>,
    next_link: u64,
    next_key: u8,
}

impl World {
    pub(crate) fn new(seed: u64, template: &Template, weather: Weather, trace: Trace) -> Self {
        let clock = Arc::new(ManualClock::new(Time(template.now)));
        // Another stream than the one of the choices.
        let random = Arc::new(SeededRandom::new(seed.rotate_left(17) ^ 0x51ed));
        let server = Server::on(template.disk(), Arc::clone(&clock), random);
        Self {
            clock,
            rng: Rng::new(seed),
            server,
            net: Network::new(weather),
            devices: Vec::new(),
            model: Model::new(template),
            trace,
            disk: Disk::default(),
            last_fault: None,
            operations: 0,
            failure: None,
            asked_at: template.now,
            is_calm: false,
            checked: vec![0; template.people.len()],
            links: BTreeMap::new(),
            next_link: 1,
            next_key: 1,
        }
    }

    pub(crate) fn now(&self) -> i64 {
        let Time(now) = self.clock.now();
        now
    }

    /// Notes the first thing that went wrong.
    pub(crate) fn fail(&mut self, what: impl Into<String>) {
        let what = what.into();
        self.trace.line(self.now(), || format!("FAILED {what}"));
        self.failure.get_or_insert(what);
    }

    /// A device with a key of its own that is signed in to nothing.
    pub(crate) fn new_device(&mut self, person: usize) -> usize {
        let mut bytes = [0; 256];
        self.rng.fill(&mut bytes);
        bytes[0] = self.next_key;
        self.next_key = self.next_key.wrapping_add(1);
        let key = AuthKey::new(&bytes);
        let record = KeyRecord {
            id: key.id(),
            key: Box::new(bytes),
            kind: KeyKind::Permanent,
            dc: 2,
            initial_salt: self.rng.u64().cast_signed(),
            created_at: self.clock.now(),
            has_user: false,
        };
        if !self.server.create_key(record.clone(), &self.rng) {
            self.fail("a new key was not kept");
        }
        self.add_device(person, record)
    }

    /// A device with a key that the server knows.
    pub(crate) fn add_device(&mut self, person: usize, key: KeyRecord) -> usize {
        let session = self.new_session(&key);
        self.devices.push(Device::new(person, key, session));
        self.devices.len() - 1
    }

    pub(crate) fn new_session(&self, key: &KeyRecord) -> ClientSession {
        ClientSession::new(AuthKey::new(&key.key), self.rng.u64().cast_signed(), key.initial_salt, 0)
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, millis: i64) {
        let end = self.now() + millis;
        self.settle();
        while self.failure.is_none() {
            let next = self.next_event().max(self.now() + 1);
            if next > end {
                break;
            }
            self.clock.set(Time(next));
            self.settle();
        }
        if self.now() < end {
            self.clock.set(Time(end));
        }
    }

    /// When something happens by itself.
    fn next_event(&self) -> i64 {
        let now = self.now();
        let devices = self.devices.iter().filter(|device| device.presence == Presence::Online);
        let timers = devices.flat_map(|device| {
            let retries = device.retries.iter().map(|(at, _)| *at).min();
            let connect = device.link.is_none().then_some(device.reconnect_at);
            let patience = (device.link.is_some() && device.session.pending() > 0)
                .then_some(device.heard_at + CLIENT_PATIENCE_MS);
            let gap = device.gap_since.map(|since| since + GAP_MS);
            let acks = device.session.poll_timeout().filter(|_| device.link.is_some());
            [retries, connect, patience, gap, acks].into_iter().flatten()
        });
        let links = self.links.values().filter_map(|link| link.detach_at);
        let disk = (self.disk.slow_until > now).then_some(self.disk.slow_until);
        let others = [self.net.next(), self.server.next(), disk].into_iter().flatten();
        timers.chain(links).chain(others).min().unwrap_or(i64::MAX)
    }

    /// Does all there is to do at this point in time.
    pub(crate) fn settle(&mut self) {
        for _ in 0..TURNS_MAX {
            if self.failure.is_some() || !self.turn() {
                return;
            }
        }
        self.fail("time stands still: the two sides answer each other for ever");
    }

    fn turn(&mut self) -> bool {
        let mut busy = false;
        let mut news = Vec::new();
        let now = self.now();
        while let Some(packet) = self.net.due(now) {
            busy = true;
            self.arrive(packet, &mut news);
        }
        self.detach_due();
        busy |= self.server.turn(&self.rng, &mut news);
        busy |= self.commit();
        for one in news {
            busy = true;
            self.take_news(one);
        }
        for at in 0..self.devices.len() {
            busy |= self.pump(at);
        }
        busy
    }

    fn arrive(&mut self, packet: Packet, news: &mut Vec<News>) {
        let Some(link) = self.links.get(&packet.link) else { return };
        if link.silent {
            return;
        }
        let device = link.device;
        self.trace.packet(self.now(), &packet);
        match packet.to {
            To::Server => self.server.handle_packet(packet.link, packet.bytes, &self.rng, news),
            To::Client => self.receive(device, packet.bytes),
        }
    }

    fn receive(&mut self, at: usize, mut bytes: Vec<u8>) {
        let now = self.now();
        let device = &mut self.devices[at];
        device.heard_at = now;
        let key = device.session.auth_key().clone();
        let Ok(opened) = mtproto::packet::encrypted::open(&key, Side::Server, &mut bytes) else {
            return self.fail(format!("device {at} cannot open a packet"));
        };
        // What is wrong with a message is left out; what was in it is asked for again.
        let _ = device.session.handle_message(now, &opened);
        while let Some(event) = self.devices[at].session.poll_event() {
            match event {
                ClientEvent::Answer { request, body } => self.answered(at, request, body),
                ClientEvent::Push { body } => self.pushed(at, &body),
                ClientEvent::NewSession { .. } => self.catch_up(at),
                ClientEvent::Refused { code, .. } => {
                    self.fail(format!("device {at} was refused with {code}"))
                }
                ClientEvent::Pong { .. } | ClientEvent::FutureSalts { .. } => {}
            }
        }
    }

    fn take_news(&mut self, news: News) {
        match news {
            News::Packet { link, bytes } => self.send(link, To::Client, bytes),
            News::Closed { link, key_gone } => {
                let Some(known) = self.links.get(&link) else { return };
                let at = known.device;
                self.lose(link);
                if key_gone {
                    self.fail(format!("the server does not know the key of device {at}"));
                }
            }
            News::Pushed { session, body } => self.check_push(session, &body),
            News::Answered { session, msg_id, body } => {
                self.trace.line(self.now(), || {
                    format!("answer to {msg_id} of {}: {} bytes", session.key_id, body.len())
                });
            }
        }
    }

    /// Puts a packet on its way.
    pub(crate) fn send(&mut self, link: u64, to: To, bytes: Vec<u8>) {
        let now = self.now();
        let Some(known) = self.links.get_mut(&link) else { return };
        match self.net.send(&self.rng, now, Packet { link, to, bytes }) {
            Fate::Sent => {}
            Fate::Cut => self.lose(link),
            Fate::Silent => {
                if !known.silent {
                    known.silent = true;
                    known.detach_at = Some(now + self.rng.millis(30_000, 120_000));
                }
            }
        }
    }

    /// Both ends find out that a connection is gone.
    pub(crate) fn lose(&mut self, link: u64) {
        let Some(known) = self.links.remove(&link) else { return };
        self.trace
            .line(self.clock.now().0, || format!("connection {link} of device {} is gone", known.device));
        self.net.drop_link(link);
        self.server.detach(link);
        let wait = self.rng.millis(0, 3000);
        let now = self.now();
        let device = &mut self.devices[known.device];
        if device.link == Some(link) {
            device.link = None;
            device.reconnect_at = now + wait;
        }
    }

    /// Nothing comes through any more, and nobody knows.
    pub(crate) fn silence(&mut self, at: usize) {
        let now = self.now();
        let wait = self.rng.millis(30_000, 120_000);
        if let Some(known) = self.devices[at].link.and_then(|link| self.links.get_mut(&link)) {
            known.silent = true;
            known.detach_at = Some(now + wait);
        }
    }

    fn detach_due(&mut self) {
        let now = self.now();
        let due: Vec<u64> = self
            .links
            .iter()
            .filter(|(_, link)| link.detach_at.is_some_and(|at| at <= now))
            .map(|(id, _)| *id)
            .collect();
        for link in due {
            self.lose(link);
        }
    }

    fn commit(&mut self) -> bool {
        let now = self.now();
        if !self.server.executor.has_writes() || self.disk.slow_until > now {
            return false;
        }
        let fate = self.disk.fail_next.take().unwrap_or(CommitFate::Commit);
        if fate != CommitFate::Commit {
            self.last_fault = Some(now);
        }
        let count = self.server.executor.commit(fate);
        self.trace.line(now, || format!("{fate:?} of {count} writes"));
        if std::mem::take(&mut self.disk.crash_next) {
            self.crash();
        }
        true
    }

    /// The server's process ends where it stands, and another one begins.
    pub(crate) fn crash(&mut self) {
        self.trace.line(self.now(), || "the server crashes".to_owned());
        self.last_fault = Some(self.now());
        let links: Vec<u64> = self.links.keys().copied().collect();
        for link in links {
            self.lose(link);
        }
        self.net.clear();
        self.server.crash();
        for device in &mut self.devices {
            device.unsure = true;
        }
    }

    /// Connects a device that has no connection.
    fn connect(&mut self, at: usize) {
        let now = self.now();
        let link = self.next_link;
        self.next_link += 1;
        self.links.insert(link, Link { device: at, silent: false, detach_at: None });
        let device = &mut self.devices[at];
        device.link = Some(link);
        device.heard_at = now;
        self.trace.line(now, || format!("device {at} connects as {link}"));
        device.session.attach();
        self.catch_up(at);
    }

    /// The client closes its connection. Through a silent one, the server does not hear of it.
    pub(crate) fn hang_up(&mut self, at: usize) {
        let Some(link) = self.devices[at].link.take() else { return };
        if self.links.get(&link).is_some_and(|known| known.silent) {
            return;
        }
        self.lose(link);
    }

    /// The client's own turn. True when it did anything.
    fn pump(&mut self, at: usize) -> bool {
        let now = self.now();
        if self.devices[at].presence != Presence::Online {
            return false;
        }
        let mut busy = false;
        if self.devices[at].link.is_none() && self.devices[at].reconnect_at <= now {
            self.connect(at);
            busy = true;
        }
        let device = &mut self.devices[at];
        if device.link.is_some()
            && device.session.pending() > 0
            && device.heard_at + CLIENT_PATIENCE_MS <= now
        {
            self.trace.line(now, || format!("device {at} gives its connection up"));
            self.hang_up(at);
            self.devices[at].reconnect_at = now;
            return true;
        }
        busy |= self.listen(at);
        let device = &mut self.devices[at];
        let Some(link) = device.link else { return busy };
        let mut packets = Vec::new();
        let mut bytes = Vec::new();
        let rng = &self.rng;
        while device.session.poll_transmit(now, &mut |bytes: &mut [u8]| rng.fill(bytes), &mut bytes) {
            packets.push(std::mem::take(&mut bytes));
        }
        for packet in packets {
            busy = true;
            self.send(link, To::Server, packet);
        }
        busy
    }
}
