//! The readers: a connection and a thread each, all fed from one queue.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

use async_channel::Receiver;

use super::queue::{Job, refuse};
use super::{Engine, Role, Session};
use crate::store::Shared;
use crate::tx::Effects;
use crate::{StoreError, Tx};

pub(crate) fn start(
    engine: Arc<dyn Engine>,
    shared: Arc<Shared>,
    queue: Receiver<Box<dyn Job>>,
) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name("store-reader".into())
        .spawn(move || {
            while !(queue.is_closed() && queue.is_empty()) {
                let connected = engine.connect(Role::Reader, &mut |session| serve(session, &shared, &queue));
                if let Err(error) = connected {
                    tracing::error!(%error, "the database cannot be read");
                    refuse(queue.recv_blocking(), &error);
                }
            }
        })
        .map_err(StoreError::unavailable)
}

fn serve(session: &mut dyn Session, shared: &Shared, queue: &Receiver<Box<dyn Job>>) {
    while let Ok(mut job) = queue.recv_blocking() {
        if let Err(error) = snapshot(session, shared, &mut *job) {
            job.fail(error);
        }
        job.answer();
        if session.broken() {
            return;
        }
    }
}

fn snapshot(session: &mut dyn Session, shared: &Shared, job: &mut dyn Job) -> Result<(), StoreError> {
    session.begin()?;
    let mut effects = Effects::default();
    let mut tx = Tx::new(session, shared, &mut effects);
    let ran = catch_unwind(AssertUnwindSafe(|| job.run(&mut tx)));
    session.rollback()?;
    ran.map(drop).map_err(|_| StoreError::Panicked)
}
