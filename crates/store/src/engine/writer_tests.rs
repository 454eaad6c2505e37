//! The writer on a database that fails.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{OnceLock, RwLock};
use std::time::Duration;

use domain::Time;
use domain::testing::{ManualClock, SeededRandom};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::*;
use crate::engine::queue::Task;
use crate::vault::Vault;
use crate::{Changes, Database, KeyFile, Row};

/// A database that takes connections, and fails at whatever begins a transaction while it is down.
#[derive(Default)]
struct Moody {
    is_down: AtomicBool,
    connections: AtomicUsize,
}

impl Engine for Moody {
    fn connect(&self, _role: Role, body: &mut dyn FnMut(&mut dyn Session)) -> Result<(), StoreError> {
        self.connections.fetch_add(1, Ordering::SeqCst);
        body(&mut MoodySession { engine: self, broken: false });
        Ok(())
    }

    fn batch(&self) -> usize {
        8
    }

    fn is_ours_alone(&self) -> bool {
        true
    }

    fn dialect(&self, script: &str) -> String {
        script.to_owned()
    }
}

struct MoodySession<'a> {
    engine: &'a Moody,
    broken: bool,
}

impl Session for MoodySession<'_> {
    fn begin(&mut self) -> Result<(), StoreError> {
        self.broken = self.engine.is_down.load(Ordering::SeqCst);
        if self.broken {
            Err(StoreError::unavailable("attempt to write a readonly database"))
        } else {
            Ok(())
        }
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn begin_step(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn keep_step(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn undo_step(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn execute(&mut self, _sql: &'static str, _params: &[Value<'_>]) -> Result<u64, StoreError> {
        Ok(0)
    }

    fn defer(&mut self, _sql: &'static str, _params: &[Value<'_>]) -> Result<(), StoreError> {
        Ok(())
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn query(
        &mut self,
        _sql: &'static str,
        _params: &[Value<'_>],
        _rows: &mut Vec<Row>,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    fn query_each(
        &mut self,
        _sql: &'static str,
        _sets: &[&[Value<'_>]],
        _rows: &mut Vec<Row>,
    ) -> Result<(), StoreError> {
        Ok(())
    }

    fn joins_rows(&self) -> bool {
        false
    }

    fn script(&mut self, _sql: &str) -> Result<(), StoreError> {
        Ok(())
    }

    fn probe(&mut self) {}

    fn broken(&self) -> bool {
        self.broken
    }
}

struct Bench {
    engine: Arc<Moody>,
    queue: async_channel::Sender<Box<dyn Job>>,
    thread: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let random = Arc::new(SeededRandom::new(1));
        let root = KeyFile::new(folder.path().join("root").join("root.key"));
        let keys = Database::Sqlite(folder.path().join("keys.sqlite"));
        let vault = Vault::open(&keys, &root, Arc::clone(&random) as domain::SharedRandom).unwrap();
        let clock: domain::SharedClock = Arc::new(ManualClock::new(Time::from_secs(1_000_000)));
        let shared = Arc::new(Shared {
            clock: Arc::clone(&clock),
            random,
            vault,
            changes: Arc::new(Changes::new(true, clock)),
            subscribers: RwLock::default(),
            faults: None,
            budgets: OnceLock::new(),
        });
        let engine = Arc::new(Moody::default());
        let (queue, jobs) = async_channel::bounded(8);
        let thread = start(Arc::clone(&engine) as Arc<dyn Engine>, shared, jobs).unwrap();
        Self { engine, queue, thread: Some(thread), _folder: folder }
    }

    fn ask(&self) -> oneshot::Receiver<Result<(), StoreError>> {
        let (task, answer) = Task::new(|_: &mut Tx<'_>| Ok::<(), StoreError>(()));
        self.queue.send_blocking(Box::new(task)).unwrap();
        answer
    }

    /// Whether a write is kept; it is answered either way.
    fn writes(&self) -> bool {
        let mut answer = self.ask();
        for _ in 0..2_000 {
            match answer.try_recv() {
                Ok(outcome) => return outcome.is_ok(),
                Err(oneshot::error::TryRecvError::Empty) => std::thread::sleep(Duration::from_millis(5)),
                Err(why) => panic!("{why}"),
            }
        }
        panic!("a write is not answered")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.queue.close();
        // A writer that does not answer does not end either, and that is said already.
        if !std::thread::panicking() {
            self.thread.take().unwrap().join().unwrap();
        }
    }
}

/// A file system that became read-only lets the database be opened, and refuses the first thing that is done with it.
#[test]
fn writes_are_refused_at_once_while_no_connection_is_of_use() {
    let bench = Bench::new();
    assert!(bench.writes());
    bench.engine.is_down.store(true, Ordering::SeqCst);
    let before = bench.engine.connections.load(Ordering::SeqCst);
    let watch = Stopwatch::start();
    let mut refused = 0;
    while watch.micros() < 500_000 {
        assert!(!bench.writes());
        refused += 1;
    }
    assert!(refused >= 10, "{refused} in half a second");
    // At once, and after 50, 100, 200 and 400 ms: however many ask, the database is not asked more often.
    let tries = bench.engine.connections.load(Ordering::SeqCst) - before;
    assert!((1..=6).contains(&tries), "{tries} connections");
    bench.engine.is_down.store(false, Ordering::SeqCst);
    let watch = Stopwatch::start();
    while !bench.writes() {
        assert!(watch.micros() < 5_000_000, "it does not come back");
    }
}
