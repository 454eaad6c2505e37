//! Use cases: one verb a file, in a folder for each noun. Commands in, outcomes out.
//!
//! Nothing here knows of wire layers or sockets. Rules come from `domain`; every change is one
//! transaction of `store`, with its events written by `updates` in the same transaction.

use std::sync::Arc;

use bus::{Bus, Signal};
use domain::{SharedClock, SharedRandom, Time};
use store::Store;
use updates::{Hub, Presence};

pub mod accounts;
pub mod contacts;
pub mod delivery;
pub mod dialogs;
pub mod jobs;
pub mod messages;
pub mod notify;
pub mod pace;
pub mod privacy;
pub mod profile;
pub mod search;

pub use delivery::CodeSender;
pub use pace::Pace;
pub use search::Unindexed;

/// What the operator decided.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data centre that this server answers as when the client does not say which it means.
    pub dc: i32,
    /// Where clients are told to connect.
    pub address: std::net::SocketAddr,
    /// Data centres of a test environment: clients keep them apart from real ones.
    pub test_mode: bool,
}

/// Everything that use cases work with.
pub struct Service {
    pub store: Store,
    pub clock: SharedClock,
    pub random: SharedRandom,
    pub bus: Arc<dyn Bus>,
    pub hub: Arc<Hub>,
    pub presence: Arc<Presence>,
    pub codes: Arc<dyn CodeSender>,
    /// Whose boxes have news for the search index.
    pub unindexed: Arc<Unindexed>,
    /// How often people may do what leaves no trace in the store.
    pub pace: Arc<Pace>,
    pub config: Config,
}

impl Service {
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    pub fn signal(&self, signal: &Signal) {
        self.bus.publish(signal);
    }
}

/// Sends the hints of committed writes on to the bus. Called once, when the parts are put together and the hub
/// is there.
pub fn join(store: &Store, bus: &Arc<dyn Bus>) {
    let bus = Arc::clone(bus);
    store.subscribe(Box::new(move |committed| {
        for hint in committed.hints {
            bus.publish(&Signal::Stored(*hint));
        }
    }));
}
