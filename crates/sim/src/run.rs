//! One run of a plan, from the first packet to the last check.

use mtproto::session::client::ClientSession;
use store::CommitFate;

use crate::device::Presence;
use crate::network::Weather;
use crate::ops;
use crate::plan::{Fault, Plan, What};
use crate::random::Rng;
use crate::template::{PEOPLE, Template};
use crate::trace::Trace;
use crate::world::World;

/// Until everybody has come to rest, at most.
const REST_MS: i64 = 900_000;
const REST_STEP_MS: i64 = 1000;
/// Until an answer to the last question is there.
pub(crate) const ASKING_MS: i64 = 5_000;
/// Whatever was to happen later has happened by then, also what was put off for a minute by a failing disk.
const LATER_MS: i64 = 75_000;

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Two runs with the same one did the same.
    pub hash: u64,
    pub operations: u64,
    /// What went wrong first.
    pub failure: Option<String>,
}

/// Runs a plan. `prints`: tell what happens.
pub fn run(plan: &Plan, template: &Template, prints: bool) -> Report {
    let calm = Weather { latency: 20, ..Weather::default() };
    let mut world = World::new(plan.seed, template, calm, Trace::new(prints));
    world.is_calm = plan.is_calm();
    for (person, made) in template.people.iter().enumerate() {
        let at = world.add_device(person, made.key.clone());
        world.devices[at].signed_in = true;
        world.load(at);
    }
    world.pass(2000);
    world.net.weather = plan.weather;
    for step in &plan.steps {
        world.pass(step.wait);
        let rng = Rng::new(step.seed);
        match step.what {
            What::Operation(at) => operation(&mut world, at, &rng),
            What::Fault(fault) => break_down(&mut world, fault, &rng),
        }
        world.settle();
        world.check_boxes();
        if world.failure.is_some() {
            break;
        }
    }
    world.net.weather = calm;
    come_to_rest(&mut world);
    if world.failure.is_none() {
        world.check_all();
    }
    Report { hash: world.trace.hash(), operations: world.operations, failure: world.failure.clone() }
}

fn operation(world: &mut World, at: usize, rng: &Rng) {
    let ready: Vec<usize> = (0..world.devices.len()).filter(|at| world.devices[*at].is_ready()).collect();
    let operation = &ops::TABLE[at];
    let device =
        if operation.anybody { Some(rng.index(world.devices.len())) } else { rng.pick(&ready).copied() };
    let Some(device) = device else { return };
    let now = world.now();
    world.trace.line(now, || format!("device {device}: {}", operation.name));
    world.operations += 1;
    (operation.begin)(world, device, rng);
}

fn break_down(world: &mut World, fault: Fault, rng: &Rng) {
    let now = world.now();
    world.trace.line(now, || format!("{fault:?}"));
    let at = rng.index(world.devices.len());
    match fault {
        Fault::CommitFails => world.disk.fail_next = Some(CommitFate::Fail),
        Fault::CommitUnheard => world.disk.fail_next = Some(CommitFate::CommitUnheard),
        Fault::CrashAfterCommit => world.disk.crash_next = true,
        Fault::Crash => world.crash(),
        Fault::SlowDisk => world.disk.slow_until = now + rng.millis(50, 3000),
        Fault::Cut => {
            if let Some(link) = world.devices[at].link {
                world.lose(link);
            }
        }
        Fault::Silence => world.silence(at),
    }
}

/// Ends the faults, brings everybody back, and waits until nothing is under way.
fn come_to_rest(world: &mut World) {
    world.disk = Default::default();
    world.pass(LATER_MS);
    for at in 0..world.devices.len() {
        let now = world.now();
        let device = &mut world.devices[at];
        device.heard_at = now;
        if device.presence == Presence::Offline {
            device.presence = Presence::Online;
        }
        // Whoever hangs on a dead line finds out.
        let _ = device.session.ping(1);
    }
    for _ in 0..REST_MS / REST_STEP_MS {
        world.pass(REST_STEP_MS);
        let is_quiet = world.devices.iter().all(crate::device::Device::is_idle)
            && !world.server.executor.has_writes()
            && world.net.next().is_none();
        if is_quiet || world.failure.is_some() {
            return;
        }
    }
    let busy = world.devices.iter().position(|device| !device.is_idle());
    world.fail(format!("nobody comes to rest (device {busy:?})"));
}

impl World {
    /// The app is closed and opened again: a session of its own, and what was asked is forgotten.
    pub(crate) fn restart_app(&mut self, at: usize) {
        self.hang_up(at);
        let session: ClientSession = self.new_session(&self.devices[at].key);
        let device = &mut self.devices[at];
        device.session = session;
        device.announced = false;
        device.unsure = true;
        // What was half loaded is loaded anew.
        let is_whole = device.loading == 0 && device.boxes.is_some();
        self.abandon(at);
        if self.devices[at].signed_in && !is_whole {
            self.devices[at].boxes = None;
            self.devices[at].mirror = Default::default();
            self.load(at);
        }
    }
}

const _: () = assert!(PEOPLE > 1, "somebody has to be written to");
