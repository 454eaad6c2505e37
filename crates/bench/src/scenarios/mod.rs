//! What is measured: a file each. A scenario takes a [`Context`] and gives figures.

pub mod catch_up;
pub mod cold_start;
pub mod delivery;
pub mod growth;
pub mod handshake;
pub mod idle;
pub mod reads;

use std::path::PathBuf;

use tokio::runtime::{Builder, Runtime};

use crate::figures::Figure;
use crate::home::{Home, Process};
use crate::limits::Limits;
use crate::postgres::Cluster;

/// What every scenario is given.
pub struct Context {
    /// The server's binary.
    pub server: PathBuf,
    /// Counts the server's flushes when preloaded into it.
    pub shim: PathBuf,
    /// A folder on a disk.
    pub scratch: PathBuf,
    /// A PostgreSQL URL to use as it is, once.
    pub database: Option<String>,
    /// PostgreSQL, where that is what is measured.
    pub cluster: Option<Cluster>,
    pub limits: Limits,
    /// Little of everything: shows that it works, not how fast.
    pub quick: bool,
}

impl Context {
    pub fn home(&self) -> Result<Home, String> {
        let database = self.cluster.as_ref().map(Cluster::database).transpose()?;
        Home::new(&self.scratch, database.or_else(|| self.database.clone()))
    }

    pub fn start(&self, home: &Home) -> Result<Process, String> {
        home.start(&self.server, Some(&self.shim))
    }

    /// One of two, the second when it has to be quick.
    pub fn pick<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }
}

/// A scenario by its name.
pub struct Scenario {
    pub name: &'static str,
    pub run: fn(&Context) -> Result<Vec<Figure>, String>,
    /// Whether a run of everything has it on PostgreSQL, too. What depends on sockets and ciphers alone has not, nor has
    /// what takes too long there to be prepared.
    pub on_postgres: bool,
}

/// In the order in which they run: what needs a machine at rest comes first.
pub const ALL: &[Scenario] = &[
    Scenario { name: "delivery", run: delivery::run, on_postgres: true },
    Scenario { name: "reads", run: reads::run, on_postgres: true },
    Scenario { name: "handshake", run: handshake::run, on_postgres: true },
    Scenario { name: "cold_start", run: cold_start::run, on_postgres: true },
    Scenario { name: "idle", run: idle::run, on_postgres: false },
    Scenario { name: "catch_up", run: catch_up::run, on_postgres: false },
    Scenario { name: "growth", run: growth::run, on_postgres: false },
];

/// One thread for all clients: they are cheap, and a second one would only push the server around.
pub fn single() -> Result<Runtime, String> {
    Builder::new_current_thread().enable_all().build().map_err(|why| format!("the runtime: {why}"))
}

/// A thread a processor, where the clients compute.
pub fn parallel() -> Result<Runtime, String> {
    Builder::new_multi_thread().enable_all().build().map_err(|why| format!("the runtime: {why}"))
}

/// Lets the server finish what it does on its own (the search index, for one): waits until it is almost idle for a
/// second, at most `secs`. Says whether it came to rest.
pub async fn settle(pid: u32, secs: u32) -> bool {
    let mut calm = 0;
    for _ in 0..secs * 2 {
        let before = crate::usage::Usage::of(pid);
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let used = crate::usage::Usage::of(pid).since(before).cpu_us;
        calm = if used <= 20_000 { calm + 1 } else { 0 };
        if calm == 2 {
            return true;
        }
    }
    false
}
