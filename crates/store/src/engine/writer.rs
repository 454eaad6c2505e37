//! The writer: many closures, one transaction, one wait for the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;

use async_channel::Receiver;
use meters::Stopwatch;

use super::queue::{Job, refuse};
use super::trouble::{Pause, Trouble};
use super::{Engine, Idle, Role, Session};
use crate::store::{CommitFate, Committed, Shared};
use crate::tx::Effects;
use crate::{Owner, StoreError, Tx, Value};

const SELECT_SHREDS: &str = "SELECT owner_kind, owner_id FROM shreds";
const DELETE_SHRED: &str = "DELETE FROM shreds WHERE owner_kind = $1 AND owner_id = $2";

pub(crate) fn start(
    engine: Arc<dyn Engine>,
    shared: Arc<Shared>,
    queue: Receiver<Box<dyn Job>>,
) -> Result<JoinHandle<()>, StoreError> {
    // Before the thread runs: whoever asks right after the start is not to hear of trouble.
    let trouble = Trouble::new(Arc::clone(&shared.clock), "written", &meters::DATABASE_WRITES);
    std::thread::Builder::new()
        .name("store-writer".into())
        .spawn(move || {
            let limit = engine.batch();
            let mut writer = Writer {
                shared: &shared,
                trouble: &trouble,
                pause: Pause::default(),
                effects: Effects::default(),
                in_doubt: false,
                waiting: Vec::new(),
            };
            while !(writer.waiting.is_empty() && queue.is_closed() && queue.is_empty()) {
                let mut served = Ok(());
                let connected = engine.connect(Role::Writer, &mut |session| {
                    served = match writer.shred_the_rest(session) {
                        Ok(()) => writer.serve(session, &queue, limit),
                        Err(error) => {
                            trouble.fails(&error);
                            Err(error)
                        }
                    };
                });
                if let Err(error) = &connected {
                    trouble.fails(error);
                }
                if let Err(error) = connected.and(served) {
                    writer.refuse_for_a_while(&queue, limit, &error);
                }
            }
        })
        .map_err(StoreError::unavailable)
}

/// Waits for a job, and takes those that queue behind it.
fn take(queue: &Receiver<Box<dyn Job>>, limit: usize, shared: &Shared) -> Vec<Box<dyn Job>> {
    let Ok(first) = queue.recv_blocking() else { return Vec::new() };
    if let Some(faults) = &shared.faults {
        faults.on_batch();
    }
    let mut jobs = vec![first];
    while jobs.len() < limit
        && let Ok(job) = queue.try_recv()
    {
        jobs.push(job);
    }
    jobs
}

struct Writer<'a> {
    shared: &'a Shared,
    trouble: &'a Trouble,
    /// Until the next try of a connection.
    pause: Pause,
    effects: Effects,
    /// The commit was asked for and not heard of: it may have taken effect.
    in_doubt: bool,
    /// Jobs that met a dead connection before they began.
    waiting: Vec<Box<dyn Job>>,
}

impl Writer<'_> {
    /// Answers with the error until it is time for another try, which is made for the job that comes then; the first
    /// is made at once.
    fn refuse_for_a_while(&mut self, queue: &Receiver<Box<dyn Job>>, limit: usize, error: &StoreError) {
        self.pause.lengthen();
        refuse(std::mem::take(&mut self.waiting), error);
        while !self.pause.is_over() {
            self.waiting = take(queue, limit, self.shared);
            if self.waiting.is_empty() || self.pause.is_over() {
                return;
            }
            refuse(std::mem::take(&mut self.waiting), error);
        }
    }

    /// Works until the queue is closed and empty, or the connection is of no use any more: an error when that showed
    /// while it was used.
    fn serve(
        &mut self,
        session: &mut dyn Session,
        queue: &Receiver<Box<dyn Job>>,
        limit: usize,
    ) -> Result<(), StoreError> {
        let mut idle = Idle::new(&*self.shared.clock);
        loop {
            let mut jobs = std::mem::take(&mut self.waiting);
            if jobs.is_empty() {
                jobs = take(queue, limit, self.shared);
            }
            if jobs.is_empty() {
                return Ok(());
            }
            if !idle.sound(session) {
                self.waiting = jobs;
                return Ok(());
            }
            self.effects = Effects::default();
            let outcome = self.transact(session, &mut jobs);
            match &outcome {
                Ok(()) => {
                    self.trouble.works();
                    self.pause = Pause::default();
                    self.tell();
                    self.shred(session);
                    for job in jobs {
                        job.answer();
                    }
                }
                Err(error) => {
                    self.trouble.fails(error);
                    meters::COMMITS_FAILED.add(1);
                    if self.in_doubt {
                        self.effects.doubt();
                        self.tell();
                    }
                    refuse(jobs, error);
                }
            }
            if (outcome.is_err() && session.rollback().is_err()) || session.broken() {
                return outcome;
            }
            if self.in_doubt {
                self.shred_the_rest(session)?;
            }
        }
    }

    /// Runs all jobs and makes them durable together. An error means that none of them is.
    fn transact(&mut self, session: &mut dyn Session, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        self.in_doubt = false;
        let watch = Stopwatch::start();
        session.begin()?;
        let alone = jobs.len() == 1;
        for job in &mut *jobs {
            let mark = self.effects.mark();
            if !alone {
                session.begin_step()?;
            }
            let kept = self.run(session, &mut **job);
            if session.broken() {
                return Err(StoreError::unavailable("the connection broke"));
            }
            match (kept, alone) {
                (true, true) => {}
                (true, false) => session.keep_step()?,
                (false, true) => {
                    self.effects.truncate(mark);
                    return session.rollback();
                }
                (false, false) => {
                    self.effects.truncate(mark);
                    session.undo_step()?;
                }
            }
        }
        // Rows must never be durable before the keys that open them.
        self.shared.vault.flush()?;
        let fate =
            self.shared.faults.as_ref().map_or(CommitFate::Commit, |faults| faults.on_commit(jobs.len()));
        if fate == CommitFate::Fail {
            return Err(StoreError::unavailable("injected fault"));
        }
        self.in_doubt = true;
        session.commit()?;
        if fate == CommitFate::CommitUnheard {
            return Err(StoreError::unavailable("injected fault"));
        }
        self.in_doubt = false;
        meters::COMMITS.add(1);
        meters::COMMIT_WRITES.add(jobs.len());
        meters::COMMIT_SECONDS.observe_micros(watch.micros());
        Ok(())
    }

    fn run(&mut self, session: &mut dyn Session, job: &mut dyn Job) -> bool {
        let mut tx = Tx::new(session, self.shared, &mut self.effects);
        catch_unwind(AssertUnwindSafe(|| job.run(&mut tx))).unwrap_or_else(|_| {
            job.fail(StoreError::Panicked);
            false
        })
    }

    fn tell(&self) {
        self.shared.changes.note(&self.effects.changed);
        meters::MESSAGES.add(self.effects.arrived.len());
        let effects = &self.effects;
        if effects.hints.is_empty() && effects.altered.is_empty() {
            return;
        }
        let subscribers = self.shared.subscribers.read().unwrap_or_else(PoisonError::into_inner);
        let (hints, arrived, altered) = (&effects.hints, &effects.arrived, &effects.altered);
        let committed = Committed { hints, arrived, altered };
        for subscriber in &*subscribers {
            if catch_unwind(AssertUnwindSafe(|| subscriber(committed))).is_err() {
                tracing::error!("a subscriber of the store panicked");
            }
        }
    }

    /// Forgets the keys that the committed transaction asked to forget.
    fn shred(&self, session: &mut dyn Session) {
        for owner in &self.effects.shreds {
            let outcome = self.shared.vault.forget(*owner).and_then(|()| {
                let (kind, id) = owner.parts();
                session.begin()?;
                session.execute(DELETE_SHRED, &[Value::Int(kind), Value::Int(id)])?;
                session.commit()
            });
            if let Err(error) = outcome {
                tracing::error!(%error, "a data key could not be forgotten; the next start tries again");
                // Errors of a rollback show as a broken session.
                drop(session.rollback());
            }
        }
    }

    /// Errors: [`StoreError::Unavailable`] when the connection is of no use.
    fn shred_the_rest(&mut self, session: &mut dyn Session) -> Result<(), StoreError> {
        match self.finish_shreds(session) {
            Ok(()) => {}
            Err(error @ StoreError::Unavailable(_)) => return Err(error),
            Err(error) => tracing::error!(%error, "data keys that should be gone are still there"),
        }
        if session.broken() { Err(StoreError::unavailable("the connection broke")) } else { Ok(()) }
    }

    /// Does what a crash between a commit and [`Writer::shred`] has left undone.
    fn finish_shreds(&mut self, session: &mut dyn Session) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        session.begin()?;
        session.query(SELECT_SHREDS, &[], &mut rows)?;
        session.rollback()?;
        self.effects = Effects::default();
        for row in &rows {
            let owner = Owner::from_parts(row.int(0)?, row.int(1)?);
            self.effects.shreds.push(owner.ok_or_else(|| StoreError::corrupt("shreds", "owner_kind"))?);
        }
        self.shred(session);
        Ok(())
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
