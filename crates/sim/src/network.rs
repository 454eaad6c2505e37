//! Packets under way.

use std::collections::BTreeMap;

use crate::random::Rng;

/// How bad the network is; chances are in a thousand, per packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    pub latency: i64,
    pub jitter: i64,
    /// Packets of one connection may overtake each other.
    pub reorder: bool,
    pub duplicates: u64,
    /// The connection is lost, and both ends know.
    pub cuts: u64,
    /// The connection carries nothing any more, and nobody knows.
    pub silences: u64,
}

impl Weather {
    /// Nothing is ever lost, doubled or overtaken.
    pub fn is_calm(&self) -> bool {
        !self.reorder && self.duplicates == 0 && self.cuts == 0 && self.silences == 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum To {
    Server,
    Client,
}

pub struct Packet {
    pub link: u64,
    pub to: To,
    pub bytes: Vec<u8>,
}

/// What became of the connection with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Sent,
    Cut,
    Silent,
}

/// The lines between clients and server.
#[derive(Default)]
pub struct Network {
    pub weather: Weather,
    packets: BTreeMap<(i64, u64), Packet>,
    sent: u64,
    last: BTreeMap<(u64, To), i64>,
}

impl Network {
    pub fn new(weather: Weather) -> Self {
        Self { weather, ..Self::default() }
    }

    pub(crate) fn send(&mut self, rng: &Rng, now: i64, packet: Packet) -> Fate {
        let weather = self.weather;
        if rng.chance(weather.cuts) {
            return Fate::Cut;
        }
        if rng.chance(weather.silences) {
            return Fate::Silent;
        }
        let copies = if rng.chance(weather.duplicates) { 2 } else { 1 };
        for _ in 0..copies {
            let mut at = now + weather.latency + rng.millis(0, weather.jitter);
            if !weather.reorder {
                let last = self.last.entry((packet.link, packet.to)).or_insert(at);
                at = at.max(*last);
                *last = at;
            }
            self.sent += 1;
            let copy = Packet { bytes: packet.bytes.clone(), ..packet };
            self.packets.insert((at, self.sent), copy);
        }
        Fate::Sent
    }

    /// The next packet that has arrived.
    pub fn due(&mut self, now: i64) -> Option<Packet> {
        let first = *self.packets.first_key_value()?.0;
        if first.0 > now { None } else { self.packets.remove(&first) }
    }

    pub fn next(&self) -> Option<i64> {
        self.packets.first_key_value().map(|((at, _), _)| *at)
    }

    /// Whatever is under way on a connection is lost.
    pub fn drop_link(&mut self, link: u64) {
        self.packets.retain(|_, packet| packet.link != link);
        self.last.retain(|(of, _), _| *of != link);
    }

    pub fn clear(&mut self) {
        self.packets.clear();
        self.last.clear();
    }
}
