//! Key exchanges over HTTP, where each step may come on another connection.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::Time;
use domain::address::network;
use mtproto::handshake::server::{HandshakeConfig, Handshakes};

use crate::limits::{
    HTTP_EXCHANGE_ADDRESSES, HTTP_EXCHANGE_SECS, HTTP_EXCHANGES_PER_ADDRESS, HTTP_EXCHANGES_PER_PROXY,
};

/// The exchanges of each address by themselves: one that begins many pushes out its own, and is computed
/// while those of others go on.
pub(crate) struct Exchanges {
    config: Arc<HandshakeConfig>,
    trusts_loopback: bool,
    addresses: Mutex<HashMap<IpAddr, Slot>>,
}

struct Slot {
    used: Time,
    handshakes: Arc<Mutex<Handshakes>>,
}

impl Exchanges {
    pub(crate) fn new(config: Arc<HandshakeConfig>, trusts_loopback: bool) -> Self {
        Self { config, trusts_loopback, addresses: Mutex::default() }
    }

    /// The exchanges of an address. To be locked only where time may be taken.
    pub(crate) fn of(&self, address: IpAddr, now: Time) -> Arc<Mutex<Handshakes>> {
        let address = network(address);
        let mut addresses = self.lock();
        if addresses.len() >= HTTP_EXCHANGE_ADDRESSES && !addresses.contains_key(&address) {
            let longest_unused = addresses.iter().min_by_key(|(_, slot)| slot.used).map(|(ip, _)| *ip);
            longest_unused.map(|ip| addresses.remove(&ip));
        }
        let slot = addresses.entry(address).or_insert_with(|| {
            let is_proxy = self.trusts_loopback && address.is_loopback();
            let capacity = if is_proxy { HTTP_EXCHANGES_PER_PROXY } else { HTTP_EXCHANGES_PER_ADDRESS };
            let handshakes = Handshakes::new(Arc::clone(&self.config), capacity);
            Slot { used: now, handshakes: Arc::new(Mutex::new(handshakes)) }
        });
        slot.used = now;
        Arc::clone(&slot.handshakes)
    }

    /// Forgets the addresses whose exchanges are too old to go on.
    pub(crate) fn sweep(&self, now: Time) {
        let oldest = now.plus_secs(-HTTP_EXCHANGE_SECS);
        self.lock().retain(|_, slot| slot.used > oldest);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Slot>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use domain::Random;
    use domain::testing::SeededRandom;
    use mtproto::handshake::server::Step;
    use tl::Encode;
    use tl::service::ReqPqMulti;

    use super::*;

    const NOW: Time = Time(1_800_000_000_000);

    fn exchanges() -> Exchanges {
        let config =
            HandshakeConfig { keys: Vec::new(), default_dc: 2, test_dc: None, temp_key_max_seconds: 86_400 };
        Exchanges::new(Arc::new(config), true)
    }

    fn begin(exchanges: &Exchanges, address: [u8; 4], number: u8, now: Time) {
        let random = SeededRandom::new(u64::from(number));
        let body = ReqPqMulti { nonce: [number; 16] }.to_bytes(0).unwrap();
        let handshakes = exchanges.of(address.into(), now);
        let step =
            handshakes.lock().unwrap().handle(now.0, &body, &mut |bytes: &mut [u8]| random.fill(bytes));
        assert!(matches!(step, Ok(Step::Reply(_))));
    }

    #[test]
    fn an_address_pushes_out_nothing_but_its_own() {
        let exchanges = exchanges();
        let count = |address: [u8; 4]| exchanges.of(address.into(), NOW).lock().unwrap().len();
        begin(&exchanges, [192, 0, 2, 1], 0, NOW);
        for number in 0..100 {
            begin(&exchanges, [192, 0, 2, 2], number, NOW);
            begin(&exchanges, [127, 0, 0, 1], number, NOW);
        }
        assert_eq!(count([192, 0, 2, 1]), 1);
        assert_eq!(count([192, 0, 2, 2]), HTTP_EXCHANGES_PER_ADDRESS);
        assert_eq!(count([127, 0, 0, 1]), 100, "behind a proxy there are many");
    }

    #[test]
    fn addresses_are_forgotten() {
        let exchanges = exchanges();
        let later = NOW.plus_secs(HTTP_EXCHANGE_SECS);
        begin(&exchanges, [192, 0, 2, 1], 0, NOW);
        begin(&exchanges, [192, 0, 2, 2], 0, NOW.plus_secs(1));
        exchanges.sweep(later);
        assert_eq!(exchanges.lock().len(), 1);
        for number in 0..HTTP_EXCHANGE_ADDRESSES as u32 {
            exchanges.of(IpAddr::V4((0x0a00_0000 + number).into()), later);
        }
        assert_eq!(exchanges.lock().len(), HTTP_EXCHANGE_ADDRESSES);
        assert!(!exchanges.lock().contains_key(&IpAddr::from([192, 0, 2, 2])), "unused for longest");
    }
}
