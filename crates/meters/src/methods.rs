//! Figures by method.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{Counter, Histogram, Stopwatch};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    /// 4xx but 420: what was asked is refused.
    Client,
    /// 420: asked too often.
    Flood,
    /// 5xx and whatever else: the server failed.
    Server,
}

impl Outcome {
    pub const ALL: [Self; 4] = [Self::Ok, Self::Client, Self::Flood, Self::Server];

    /// Of an error with this code.
    #[must_use]
    pub fn of_error(code: i32) -> Self {
        match code {
            420 => Self::Flood,
            300..500 => Self::Client,
            _ => Self::Server,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Client => "client_error",
            Self::Flood => "flood",
            Self::Server => "server_error",
        }
    }
}

/// What is counted of one method.
pub struct MethodMeter {
    pub(crate) name: &'static str,
    pub(crate) outcomes: [Counter; 4],
    pub(crate) latency: Histogram,
}

/// Requests whose method is not built, or cannot be told.
pub static UNKNOWN: MethodMeter = MethodMeter::new("unknown");

impl MethodMeter {
    const fn new(name: &'static str) -> Self {
        Self { name, outcomes: [const { Counter::new() }; 4], latency: Histogram::new() }
    }

    /// Counts a request that began when `watch` did.
    pub fn count(&self, outcome: Outcome, watch: Stopwatch) {
        if let Some(counter) = self.outcomes.get(outcome as usize) {
            counter.add(1);
        }
        self.latency.observe_micros(watch.micros());
    }
}

static METHODS: Mutex<Vec<Arc<MethodMeter>>> = Mutex::new(Vec::new());

/// The meter of a method that is built. To be asked once a method and kept: it looks through a list.
#[must_use]
pub fn method(name: &'static str) -> Arc<MethodMeter> {
    let mut methods = METHODS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = methods.iter().find(|method| method.name == name) {
        return Arc::clone(known);
    }
    let new = Arc::new(MethodMeter::new(name));
    methods.push(Arc::clone(&new));
    new
}

/// The meters of methods that were called at least once.
pub(crate) fn called() -> Vec<Arc<MethodMeter>> {
    let methods = METHODS.lock().unwrap_or_else(PoisonError::into_inner);
    methods.iter().filter(|method| method.latency.count() > 0).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_has_one_meter_and_shows_once_it_was_called() {
        let first = method("test.first");
        assert!(Arc::ptr_eq(&first, &method("test.first")));
        assert!(called().iter().all(|method| method.name != "test.first"));
        first.count(Outcome::of_error(420), Stopwatch::start());
        assert_eq!(called().iter().filter(|method| method.name == "test.first").count(), 1);
        assert_eq!(first.outcomes[Outcome::Flood as usize].get(), 1);
    }

    #[test]
    fn outcomes_of_errors() {
        for (code, expected) in [
            (303, Outcome::Client),
            (400, Outcome::Client),
            (406, Outcome::Client),
            (420, Outcome::Flood),
            (500, Outcome::Server),
            (-503, Outcome::Server),
        ] {
            assert_eq!(Outcome::of_error(code), expected, "{code}");
        }
    }
}
