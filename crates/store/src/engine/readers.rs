//! The readers: a connection and a thread each, all fed from one queue.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use async_channel::Receiver;

use super::queue::{Job, refuse};
use super::trouble::{Pause, Trouble};
use super::{Engine, Idle, Role, Session};
use crate::store::Shared;
use crate::tx::Effects;
use crate::{StoreError, Tx};

pub(crate) fn start(
    engine: Arc<dyn Engine>,
    shared: Arc<Shared>,
    trouble: Arc<Trouble>,
    queue: Receiver<Box<dyn Job>>,
) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name("store-reader".into())
        .spawn(move || {
            // A job that met a dead connection before it began.
            let mut waiting = None;
            let mut pause = Pause::default();
            while waiting.is_some() || !(queue.is_closed() && queue.is_empty()) {
                let connected = engine.connect(Role::Reader, &mut |session| {
                    pause = Pause::default();
                    waiting = serve(session, &shared, &trouble, &queue, waiting.take())
                });
                if let Err(error) = connected {
                    trouble.fails(&error);
                    refuse(waiting.take(), &error);
                    // Meanwhile other readers take what there is, if they can. The next try is made for the next job.
                    pause.lengthen();
                    std::thread::sleep(Duration::from_millis(pause.left()));
                    waiting = queue.recv_blocking().ok();
                }
            }
        })
        .map_err(StoreError::unavailable)
}

/// Works until the queue is closed and empty or the connection breaks; gives back a job that it took
/// and could not begin.
fn serve(
    session: &mut dyn Session,
    shared: &Shared,
    trouble: &Trouble,
    queue: &Receiver<Box<dyn Job>>,
    waiting: Option<Box<dyn Job>>,
) -> Option<Box<dyn Job>> {
    let mut idle = Idle::new(&*shared.clock);
    let mut next = waiting;
    loop {
        let mut job = next.take().or_else(|| queue.recv_blocking().ok())?;
        if !idle.sound(session) {
            return Some(job);
        }
        if let Some(faults) = &shared.faults {
            faults.on_read();
        }
        if let Err(error) = snapshot(session, shared, &mut *job) {
            job.fail(error);
        }
        job.answer();
        if session.broken() {
            trouble.fails(&StoreError::unavailable("the connection broke"));
            return None;
        }
        trouble.works();
    }
}

fn snapshot(session: &mut dyn Session, shared: &Shared, job: &mut dyn Job) -> Result<(), StoreError> {
    let stamp = shared.changes.stamp();
    session.begin()?;
    let mut effects = Effects::default();
    let mut tx = Tx::new(session, shared, &mut effects).stamped(stamp);
    let ran = catch_unwind(AssertUnwindSafe(|| job.run(&mut tx)));
    session.rollback()?;
    ran.map(drop).map_err(|_| StoreError::Panicked)
}
