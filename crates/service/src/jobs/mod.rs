//! What the server does on its own, without a request.

pub mod auto_delete;
pub mod deletions;
pub mod expired;
pub mod idle_devices;
pub mod old_events;
pub mod presence;
pub mod scheduled;
pub mod search_index;
pub mod unused_accounts;

use std::sync::Arc;

use domain::{BoxFuture, Error, Time};

use crate::Service;

/// A piece of work that comes back. It must be harmless to run too often or on two nodes at once.
pub struct Job {
    pub name: &'static str,
    /// It runs at least this often.
    pub every_secs: u32,
    /// Does what is due, a bounded piece of it. Gives the time at which it wants to run again, when
    /// that is sooner than `every_secs` has it.
    pub run: fn(Arc<Service>) -> BoxFuture<Result<Option<Time>, Error>>,
}

/// Rows of one table that a job takes at a time, so that it never holds requests up for long.
const BATCH: i64 = 500;

/// All jobs, in the order of the alphabet.
pub const JOBS: &[Job] = &[
    Job { name: "auto_delete", every_secs: 2, run: auto_delete::run },
    Job { name: "deletions", every_secs: 5, run: deletions::run },
    Job { name: "expired", every_secs: 60, run: expired::run },
    Job { name: "idle_devices", every_secs: 3600, run: idle_devices::run },
    Job { name: "old_events", every_secs: 6 * 3600, run: old_events::run },
    Job { name: "presence", every_secs: 30, run: presence::run },
    Job { name: "scheduled", every_secs: 1, run: scheduled::run },
    Job { name: "search_index", every_secs: 1, run: search_index::run },
    Job { name: "unused_accounts", every_secs: 6 * 3600, run: unused_accounts::run },
];
