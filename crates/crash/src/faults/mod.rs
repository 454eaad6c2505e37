//! Faults that the server has to live through, each on a server of its own.

mod clock;
mod database;
mod disk;
mod half_open;
mod slow;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bench::server::{Server, Setup};
use bench::world::World;

use crate::LIMITS;
use crate::check::Checker;
use crate::figures;
use crate::load::Load;
use crate::people::Crowd;
use crate::postgres::Cluster;
use crate::random::Dice;
use crate::report::Fault;

/// How long people's apps may need to get their last answers once all is well.
const FINISH: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);
/// Some things are counted, and said a while later.
const SAID: Duration = Duration::from_secs(20);
/// Lines in the log that one fault may cost, however many writes it meets; and each time where it comes back often.
const LOG_LINES: usize = 60;
const LOG_LINES_EACH: usize = 6;

/// What all faults of a run share.
pub(crate) struct Stage {
    pub(crate) server: PathBuf,
    pub(crate) dice: Dice,
    /// A size that suits every change, or that of the full run.
    pub(crate) full: bool,
    pub(crate) people: usize,
    pub(crate) window: usize,
}

/// The names of all faults, in the order in which they are run.
pub(crate) const ALL: &[&str] = &[
    "disk-full",
    "disk-full-tmpfs",
    "disk-error",
    "disk-read-only",
    "start-read-only",
    "connections-ended",
    "network-cut",
    "network-stalls",
    "network-swallows",
    "database-restarts",
    "clock",
    "half-open",
    "slow-readers",
];

/// Runs the fault of this name.
pub(crate) async fn run(name: &str, stage: &Stage) -> Result<Fault, String> {
    let found = match name {
        "disk-full" => disk::fails(stage, disk::ENOSPC).await,
        "disk-full-tmpfs" => disk::full_for_real(stage).await,
        "disk-error" => disk::fails(stage, disk::EIO).await,
        "disk-read-only" => disk::fails(stage, disk::EROFS).await,
        "start-read-only" => disk::start_read_only(stage).await,
        "connections-ended" => database::connections_ended(stage).await,
        "network-cut" => database::network_cut(stage).await,
        "network-stalls" => database::network_stalls(stage).await,
        "network-swallows" => database::network_swallows(stage).await,
        "database-restarts" => database::restarts(stage).await,
        "clock" => clock::jumps(stage).await,
        "half-open" => half_open::peers_vanish(stage).await,
        "slow-readers" => slow::readers(stage).await,
        _ => Err(format!("there is no such fault; there are {}", ALL.join(", "))),
    };
    found.map_err(|why| format!("{name}: {why}"))
}

/// A server with people on it who write all the time.
struct Scene {
    crowd: Crowd,
    checker: Checker,
    load: Option<Load>,
    /// How often the fault has struck.
    outages: usize,
    _folder: Option<tempfile::TempDir>,
}

impl Scene {
    async fn begin(stage: &Stage, setup: Setup, folder: Option<tempfile::TempDir>) -> Result<Self, String> {
        let crowd = Crowd::gather(World::new(Server::launch(setup)?), stage.people).await?;
        let checker = Checker::new(&crowd).await?;
        let load = Some(Load::start(&crowd, stage.window, &stage.dice));
        let scene = Self { crowd, checker, load, outages: 0, _folder: folder };
        scene.goes_on("before the fault", Duration::from_secs(10)).await?;
        Ok(scene)
    }

    fn acknowledged(&self) -> u64 {
        self.crowd.record().acknowledged
    }

    /// The milliseconds until messages are acknowledged (again).
    async fn goes_on(&self, when: &str, limit: Duration) -> Result<i64, String> {
        let (clock, before) = (&self.crowd.world.clock, self.acknowledged());
        let started = clock.now().0;
        // More than what may have been under way already.
        let enough = before + (2 * self.crowd.people.len()) as u64;
        while self.acknowledged() < enough {
            if let Some(status) = self.crowd.world.server.ended() {
                return Err(format!("{when} the server ended: {status}\n{}", self.tail()));
            }
            if clock.now().0 - started > i64::try_from(limit.as_millis()).unwrap_or(i64::MAX) {
                let answered = self.acknowledged() - before;
                let why = self.crowd.record().refusals();
                let tail = self.tail();
                return Err(format!("{when} {answered} messages in {limit:?} ({why})\n{tail}"));
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(clock.now().0 - started)
    }

    /// Everybody closes their app and opens it again.
    async fn reopen(&mut self, stage: &Stage) -> Result<(), String> {
        if let Some(load) = self.load.take() {
            load.abandon().await;
        }
        self.crowd.hang_up();
        self.crowd.come_back().await?;
        self.crowd.record().release_all();
        self.resume(stage);
        Ok(())
    }

    /// Everybody finishes what they are at, and does nothing then.
    async fn rest(&mut self) -> Result<(), String> {
        match self.load.take() {
            Some(load) => load.finish(FINISH).await,
            None => Ok(()),
        }
    }

    /// Everybody goes on after a pause.
    fn resume(&mut self, stage: &Stage) {
        let dice = stage.dice.branch(self.acknowledged());
        self.load = Some(Load::start(&self.crowd, stage.window, &dice));
    }

    fn metrics(&self) -> Result<SocketAddr, String> {
        self.crowd.world.server.metrics.ok_or_else(|| "the server tells no figures".to_owned())
    }

    /// One of the server's figures.
    async fn figure(&self, name: &str) -> Result<f64, String> {
        figures::figure(self.metrics()?, name).await
    }

    /// Fails unless the server says this about its health, within a second.
    async fn is_said(&self, health: &str) -> Result<(), String> {
        let mut said = String::new();
        for _ in 0..20 {
            said = figures::health(self.metrics()?).await?;
            if said == health {
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
        Err(format!("/healthz says {said:?} and not {health:?}\n{}", self.tail()))
    }

    fn tail(&self) -> String {
        tail(&self.crowd.world.server.log())
    }

    /// Lets everybody finish and compares all of it; then looks into the log for what the operator has to find.
    async fn end(mut self, log: &[&str]) -> Result<Fault, String> {
        self.rest().await?;
        let checked = self.checker.check(&self.crowd, false).await;
        checked.map_err(|why| format!("{why}\n{}", self.tail()))?;
        let mut text = self.crowd.world.server.log();
        for needed in log {
            let mut looks = 0;
            while !text.contains(needed) {
                if looks * LOOK >= SAID {
                    return Err(format!("the log does not say {needed:?}:\n{}", self.tail()));
                }
                looks += 1;
                tokio::time::sleep(LOOK).await;
                text = self.crowd.world.server.log();
            }
        }
        let lines = text.lines().count();
        let most = LOG_LINES.max(self.outages * LOG_LINES_EACH);
        if lines > most {
            return Err(format!(
                "the log has {lines} lines, no more than {most} are of use:\n{}",
                self.tail()
            ));
        }
        let record = self.crowd.record();
        Ok(Fault {
            acknowledged: record.acknowledged,
            doubts: record.doubts,
            log_lines: lines,
            ..Fault::default()
        })
    }
}

/// The end of a log.
pub(crate) fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

fn folder() -> Result<tempfile::TempDir, String> {
    tempfile::tempdir().map_err(|why| why.to_string())
}

/// A server of its own that says in its log when things work again, and tells its figures.
fn setup(stage: &Stage, folder: &Path) -> Setup {
    let config = format!("metrics = \"127.0.0.1:0\"\n{LIMITS}");
    Setup { log: "info".to_owned(), config, ..Setup::new(&stage.server, folder) }
}

/// A database of its own that goes with it.
fn cluster() -> Result<Cluster, String> {
    Cluster::new()
}
