//! Who is online, and since when not.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use domain::privacy::Presence as Seen;
use domain::{Time, UserId, limits};
use store::Store;

use crate::memory::Memory;

/// Others are told again that somebody is still online when what they were told runs out sooner than this.
const TOLD_SECS: i64 = limits::ONLINE_SECS / 2;

/// The presence of this node's users. Kept in memory; the time last seen is also in the store.
#[derive(Default)]
pub struct Presence {
    people: Mutex<HashMap<UserId, Person>>,
    memory: OnceLock<Memory>,
}

#[derive(Default)]
struct Person {
    /// The devices that said they are in use, and until when that holds.
    devices: Vec<(i64, Time)>,
    /// Until when others were told that the user is online.
    told: Option<Time>,
    was_online: Option<Time>,
}

impl Person {
    fn online_until(&self) -> Option<Time> {
        self.devices.iter().map(|(_, until)| *until).max()
    }
}

impl Presence {
    /// From now on, what a store holds of people and what arrives in it is remembered.
    pub(crate) fn remember(&self, store: &Store) {
        self.memory.get_or_init(|| Memory::new(store.changes()));
    }

    pub(crate) fn memory(&self) -> Option<&Memory> {
        self.memory.get()
    }

    pub fn of(&self, user: UserId) -> Seen {
        self.lock().get(&user).map_or(Seen::default(), |person| Seen {
            online_until: person.online_until(),
            was_online: person.was_online,
        })
    }

    /// The user is at a device. True when others have to be told.
    pub fn online(&self, user: UserId, device: i64, now: Time) -> bool {
        let mut people = self.lock();
        let person = people.entry(user).or_default();
        let until = now.plus_secs(limits::ONLINE_SECS);
        person.devices.retain(|(other, _)| *other != device);
        person.devices.push((device, until));
        person.was_online = Some(now);
        let news = person.told.is_none_or(|told| told <= now.plus_secs(TOLD_SECS));
        if news {
            person.told = Some(until);
        }
        news
    }

    /// The user went away from a device. True when it was the last one, and others have to be told.
    pub fn offline(&self, user: UserId, device: i64, now: Time) -> bool {
        let mut people = self.lock();
        let Some(person) = people.get_mut(&user) else { return false };
        let before = person.devices.len();
        person.devices.retain(|(other, until)| *other != device && *until > now);
        if person.devices.len() == before || !person.devices.is_empty() {
            return false;
        }
        person.told = None;
        person.was_online = Some(now);
        true
    }

    /// Takes out those who went away silently, with the time until which they counted as online.
    pub fn expire(&self, now: Time) -> Vec<(UserId, Time)> {
        let mut gone = Vec::new();
        for (user, person) in self.lock().iter_mut() {
            let Some(until) = person.online_until() else { continue };
            person.devices.retain(|(_, until)| *until > now);
            if person.devices.is_empty() {
                person.told = None;
                person.was_online = Some(until);
                gone.push((*user, until));
            }
        }
        gone
    }

    /// When the next of those who are online goes away, unless they say otherwise before.
    pub fn next_expiry(&self) -> Option<Time> {
        self.lock().values().filter_map(Person::online_until).min()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Person>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: UserId = UserId(1);
    const NOW: Time = Time::from_secs(1_000_000);

    #[test]
    fn a_user_is_online_while_one_device_is() {
        let presence = Presence::default();
        assert!(presence.online(ANN, 1, NOW), "news");
        assert!(!presence.online(ANN, 2, NOW.plus_secs(10)), "no news");
        assert!(!presence.offline(ANN, 1, NOW.plus_secs(20)), "the other device is still there");
        assert!(presence.of(ANN).online_until > Some(NOW.plus_secs(20)));
        assert!(presence.offline(ANN, 2, NOW.plus_secs(30)));
        assert!(!presence.offline(ANN, 2, NOW.plus_secs(40)), "gone already");
        let seen = Seen { online_until: None, was_online: Some(NOW.plus_secs(30)) };
        assert_eq!(presence.of(ANN), seen);
    }

    #[test]
    fn others_are_told_again_before_what_they_know_runs_out() {
        let presence = Presence::default();
        assert!(presence.online(ANN, 1, NOW));
        assert!(!presence.online(ANN, 1, NOW.plus_secs(60)));
        assert!(presence.online(ANN, 1, NOW.plus_secs(210)));
    }

    #[test]
    fn who_says_nothing_goes_offline() {
        let presence = Presence::default();
        presence.online(ANN, 1, NOW);
        let until = NOW.plus_secs(limits::ONLINE_SECS);
        assert_eq!(presence.next_expiry(), Some(until));
        assert_eq!(presence.expire(until.plus_millis(-1)), []);
        assert_eq!(presence.expire(until), [(ANN, until)]);
        assert_eq!(presence.expire(until), []);
        assert_eq!(presence.next_expiry(), None);
    }
}
