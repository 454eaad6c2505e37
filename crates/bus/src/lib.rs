//! Wake-up calls between those who change something and those who wait for it.
//!
//! A signal may be lost; the event log in the store has all that counts. In one process the bus is a
//! list of functions; between nodes a broker takes its place behind the same trait.

use std::sync::{PoisonError, RwLock};

use domain::{Hint, UserId};

/// Something that others may want to react to at once.
#[derive(Clone, Debug)]
pub enum Signal {
    /// A durable change: see the event log.
    Stored(Hint),
    /// Somebody is typing, or stopped. `action` is the `SendMessageAction` as canonical TL bytes.
    Typing { from: UserId, to: UserId, action: Vec<u8> },
    /// A user came online or went away.
    Status { user: UserId },
}

pub type Listener = Box<dyn Fn(&Signal) + Send + Sync>;

/// Carries signals to every listener. Neither side blocks.
pub trait Bus: Send + Sync {
    fn publish(&self, signal: &Signal);
    fn subscribe(&self, listener: Listener);
}

/// The bus of a single process.
#[derive(Default)]
pub struct InProcess {
    listeners: RwLock<Vec<Listener>>,
}

impl Bus for InProcess {
    fn publish(&self, signal: &Signal) {
        for listener in self.listeners.read().unwrap_or_else(PoisonError::into_inner).iter() {
            listener(signal);
        }
    }

    fn subscribe(&self, listener: Listener) {
        self.listeners.write().unwrap_or_else(PoisonError::into_inner).push(listener);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn every_listener_hears_every_signal() {
        let bus = InProcess::default();
        let heard = Arc::new(AtomicUsize::new(0));
        for _ in 0..2 {
            let heard = Arc::clone(&heard);
            bus.subscribe(Box::new(move |_| {
                heard.fetch_add(1, Ordering::SeqCst);
            }));
        }
        bus.publish(&Signal::Status { user: UserId(1) });
        assert_eq!(heard.load(Ordering::SeqCst), 2);
    }
}
