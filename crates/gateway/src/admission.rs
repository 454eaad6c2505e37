//! Who may come in: limits by address on connections that speak for nobody, and on key exchanges.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::Time;
use domain::address::network;

use crate::limits::{ADDRESSES, Limits};

/// Counts by address. An IPv6 address counts as its /64, which is what one customer gets.
pub(crate) struct Admission {
    newcomers_per_address: u32,
    steps_per_minute: u32,
    keys_per_minute: u32,
    trusts_loopback: bool,
    addresses: Mutex<HashMap<IpAddr, Address>>,
}

struct Address {
    newcomers: u32,
    /// Plaintext requests left.
    steps: Budget,
    /// Keys left to be made.
    keys: Budget,
}

/// What is left of so and so much a minute.
struct Budget {
    /// In thousandths, at the time `refilled`.
    left_milli: i64,
    refilled: Time,
}

/// A connection that speaks for nobody yet. Dropping it, or [`Newcomer::trust`], frees its place.
pub(crate) struct Newcomer {
    admission: Arc<Admission>,
    address: IpAddr,
}

impl Admission {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            newcomers_per_address: limits.newcomers_per_address,
            steps_per_minute: limits.handshake_steps_per_minute,
            keys_per_minute: limits.keys_per_minute,
            trusts_loopback: limits.trusts_loopback,
            addresses: Mutex::new(HashMap::new()),
        }
    }

    /// A place for one more newcomer. `None` when the address has too many.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr, now: Time) -> Option<Newcomer> {
        let address = network(address);
        let mut addresses = self.addresses();
        let entry = self.entry(&mut addresses, address, now);
        if entry.newcomers >= self.newcomers_per_address {
            return None;
        }
        entry.newcomers += 1;
        drop(addresses);
        Some(Newcomer { admission: Arc::clone(self), address })
    }

    /// Takes one step of a key exchange from the address's budget. False when it is spent.
    pub(crate) fn handshake_step(&self, address: IpAddr, now: Time) -> bool {
        let address = network(address);
        self.entry(&mut self.addresses(), address, now).steps.take(now, self.steps_per_minute)
    }

    /// Takes one finished key, which is written down, from the address's budget. False when it is spent.
    pub(crate) fn key_made(&self, address: IpAddr, now: Time) -> bool {
        let address = network(address);
        let exempt = self.exempts(address);
        exempt || self.entry(&mut self.addresses(), address, now).keys.take(now, self.keys_per_minute)
    }

    /// Whether the address is this machine's own: a relay or proxy, behind which are many.
    fn exempts(&self, address: IpAddr) -> bool {
        self.trusts_loopback && address.is_loopback()
    }

    /// Forgets the addresses about which there is nothing to remember.
    pub(crate) fn sweep(&self, now: Time) {
        self.addresses().retain(|_, entry| {
            let is_full = entry.steps.is_full(now, self.steps_per_minute)
                && entry.keys.is_full(now, self.keys_per_minute);
            entry.newcomers > 0 || !is_full
        });
    }

    fn entry<'a>(
        &self,
        addresses: &'a mut HashMap<IpAddr, Address>,
        address: IpAddr,
        now: Time,
    ) -> &'a mut Address {
        if addresses.len() >= ADDRESSES && !addresses.contains_key(&address) {
            // Under a flood from everywhere the budgets are forgotten early; the places taken are not.
            addresses.retain(|_, entry| entry.newcomers > 0);
        }
        addresses.entry(address).or_insert_with(|| Address {
            newcomers: 0,
            steps: Budget::new(now, self.steps_per_minute),
            keys: Budget::new(now, self.keys_per_minute),
        })
    }

    fn addresses(&self) -> MutexGuard<'_, HashMap<IpAddr, Address>> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Budget {
    fn new(now: Time, per_minute: u32) -> Self {
        Self { left_milli: i64::from(per_minute) * 1000, refilled: now }
    }

    fn take(&mut self, now: Time, per_minute: u32) -> bool {
        self.refill(now, per_minute);
        if self.left_milli < 1000 {
            return false;
        }
        self.left_milli -= 1000;
        true
    }

    fn is_full(&mut self, now: Time, per_minute: u32) -> bool {
        self.refill(now, per_minute);
        self.left_milli >= i64::from(per_minute) * 1000
    }

    fn refill(&mut self, now: Time, per_minute: u32) {
        let elapsed_millis = (now.0 - self.refilled.0).clamp(0, 60_000);
        let full = i64::from(per_minute) * 1000;
        self.left_milli = (self.left_milli + elapsed_millis * full / 60_000).min(full);
        self.refilled = now;
    }
}

impl Newcomer {
    /// The connection speaks for somebody: it no longer counts.
    pub(crate) fn trust(self) {}

    /// Whether a key is enough, though nobody is signed in with it.
    pub(crate) fn needs_no_user(&self) -> bool {
        self.admission.exempts(self.address)
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        if let Some(entry) = self.admission.addresses().get_mut(&self.address) {
            entry.newcomers = entry.newcomers.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_700_000_000_000);

    fn admission(newcomers_per_address: u32, handshake_steps_per_minute: u32) -> Arc<Admission> {
        Arc::new(Admission::new(&Limits {
            newcomers_per_address,
            handshake_steps_per_minute,
            ..Limits::default()
        }))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn newcomers_are_counted_by_address_until_trusted_or_gone() {
        let admission = admission(2, 1);
        let first = admission.enter(ip("192.0.2.1"), NOW).unwrap();
        let second = admission.enter(ip("::ffff:192.0.2.1"), NOW).unwrap();
        assert!(admission.enter(ip("192.0.2.1"), NOW).is_none());
        assert!(admission.enter(ip("192.0.2.2"), NOW).is_some());
        first.trust();
        let third = admission.enter(ip("192.0.2.1"), NOW).unwrap();
        assert!(admission.enter(ip("192.0.2.1"), NOW).is_none());
        drop((second, third));
        assert!(admission.enter(ip("192.0.2.1"), NOW).is_some());
    }

    #[test]
    fn an_ipv6_customer_is_one_address() {
        let admission = admission(1, 1);
        let _first = admission.enter(ip("2001:db8:1:2::1"), NOW).unwrap();
        assert!(admission.enter(ip("2001:db8:1:2:ffff::9"), NOW).is_none());
        assert!(admission.enter(ip("2001:db8:1:3::1"), NOW).is_some());
    }

    #[test]
    fn a_proxy_on_this_machine_is_trusted_over_ipv6_too() {
        let admission = Arc::new(Admission::new(&Limits { keys_per_minute: 0, ..Limits::default() }));
        assert!(admission.key_made(ip("::1"), NOW) && !admission.key_made(ip("2001:db8::1"), NOW));
    }

    #[test]
    fn the_budget_of_steps_refills_with_time() {
        let admission = admission(1, 60);
        let address = ip("192.0.2.1");
        for _ in 0..60 {
            assert!(admission.handshake_step(address, NOW));
        }
        assert!(!admission.handshake_step(address, NOW));
        assert!(!admission.handshake_step(address, NOW.plus_millis(900)));
        assert!(admission.handshake_step(address, NOW.plus_millis(1_900)));
        assert!(!admission.handshake_step(address, NOW.plus_millis(1_900)));
        assert!(admission.handshake_step(address, NOW.plus_secs(3_600)));
    }

    #[test]
    fn finished_keys_have_a_budget_of_their_own() {
        let admission = Arc::new(Admission::new(&Limits { keys_per_minute: 2, ..Limits::default() }));
        let address = ip("192.0.2.1");
        assert!(admission.key_made(address, NOW) && admission.key_made(address, NOW));
        assert!(!admission.key_made(address, NOW));
        assert!(admission.key_made(address, NOW.plus_secs(30)));
        for _ in 0..100 {
            assert!(admission.key_made(ip("127.0.0.1"), NOW), "behind a proxy there are many");
        }
    }

    #[test]
    fn the_sweep_forgets_only_what_has_nothing_to_remember() {
        let admission = admission(5, 60);
        let staying = admission.enter(ip("192.0.2.1"), NOW).unwrap();
        admission.handshake_step(ip("192.0.2.2"), NOW);
        admission.sweep(NOW);
        assert_eq!(admission.addresses().len(), 2);
        admission.sweep(NOW.plus_secs(60));
        assert_eq!(admission.addresses().len(), 1);
        drop(staying);
        admission.sweep(NOW.plus_secs(60));
        assert!(admission.addresses().is_empty());
    }
}
