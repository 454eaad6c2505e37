//! Tasks on one thread, in an order that the seed chooses.
//!
//! The store has threads of its own. A task that reads is waited for on the spot; those that write are
//! let through together, when [`Executor::commit`] is called. So never more than one thread is at work.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use domain::{BoxFuture, Spawn};
use store::CommitFate;

use crate::gate::Gate;
use crate::random::Rng;

/// How long the store may take for one piece of work, in real time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Told by wakers on any thread.
#[derive(Default)]
struct Bell {
    lock: Mutex<()>,
    rung: Condvar,
}

struct Flag {
    is_set: AtomicBool,
    bell: Arc<Bell>,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        let _guard = self.bell.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_set.store(true, Ordering::SeqCst);
        self.bell.rung.notify_all();
    }
}

impl Flag {
    /// # Panics
    /// When nobody wakes the task: it waits for something that the simulation does not know of.
    fn wait(&self) {
        let guard = self.bell.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let (_guard, waited) = self
            .bell
            .rung
            .wait_timeout_while(guard, PATIENCE, |()| !self.is_set.load(Ordering::SeqCst))
            .unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "a task waits for ever");
    }
}

struct Task {
    future: BoxFuture<()>,
    flag: Arc<Flag>,
    writes: bool,
}

/// What was started and is not running yet. The store starts tasks from threads of its own.
#[derive(Default)]
pub(crate) struct Spawned(Mutex<Vec<BoxFuture<()>>>);

impl Spawn for Spawned {
    fn spawn(&self, task: BoxFuture<()>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(task);
    }
}

/// All tasks of one server.
pub(crate) struct Executor {
    pub(crate) spawned: Arc<Spawned>,
    gate: Arc<Gate>,
    bell: Arc<Bell>,
    tasks: BTreeMap<u64, Task>,
    next: u64,
}

impl Executor {
    pub(crate) fn new(gate: Arc<Gate>) -> Self {
        Self { spawned: Arc::default(), gate, bell: Arc::default(), tasks: BTreeMap::new(), next: 0 }
    }

    pub(crate) fn spawn(&mut self, future: BoxFuture<()>) {
        let flag = Arc::new(Flag { is_set: AtomicBool::new(true), bell: Arc::clone(&self.bell) });
        self.tasks.insert(self.next, Task { future, flag, writes: false });
        self.next += 1;
    }

    fn adopt(&mut self) {
        let spawned = std::mem::take(&mut *self.spawned.0.lock().unwrap_or_else(PoisonError::into_inner));
        for future in spawned {
            self.spawn(future);
        }
    }

    /// Runs whatever does not wait for a commit, one step of one task at a time. True if anything ran.
    pub(crate) fn run(&mut self, rng: &Rng) -> bool {
        let mut ran = false;
        loop {
            self.adopt();
            let ready: Vec<u64> =
                self.tasks.iter().filter(|(_, task)| !task.writes).map(|(id, _)| *id).collect();
            let Some(id) = rng.pick(&ready) else { return ran };
            self.step(*id);
            ran = true;
        }
    }

    fn step(&mut self, id: u64) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        task.flag.is_set.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(&task.flag));
        self.gate.take_writes();
        match task.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(()) => {
                self.tasks.remove(&id);
            }
            Poll::Pending if self.gate.take_writes() => task.writes = true,
            Poll::Pending => {
                self.gate.pass_read();
                task.flag.wait();
            }
        }
    }

    /// Whether a task waits for a commit.
    pub(crate) fn has_writes(&self) -> bool {
        self.tasks.values().any(|task| task.writes)
    }

    /// Commits all that was written, in one transaction.
    pub(crate) fn commit(&mut self, fate: CommitFate) -> usize {
        let mut count = 0;
        let writers = self.tasks.values_mut().filter(|task| task.writes);
        for (at, task) in writers.enumerate() {
            if at == 0 {
                self.gate.pass(fate);
            }
            task.flag.wait();
            task.writes = false;
            count += 1;
        }
        count
    }

    /// Runs a future to its end, and the others with it.
    pub(crate) fn block_on<T: Send + 'static>(
        &mut self,
        rng: &Rng,
        future: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let result = Arc::new(Mutex::new(None));
        let place = Arc::clone(&result);
        self.spawn(Box::pin(async move {
            let value = future.await;
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        }));
        loop {
            self.run(rng);
            if let Some(value) = result.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return value;
            }
            assert!(self.commit(CommitFate::Commit) > 0, "the future waits for nothing");
        }
    }

    /// Forgets all tasks where they stand, as a crash does.
    pub(crate) fn clear(&mut self) {
        self.tasks.clear();
        self.spawned.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
