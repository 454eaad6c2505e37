//! The store itself: opening, reading, writing.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::thread::JoinHandle;

use async_channel::Sender;
use domain::flood::Budget;
use domain::{Hint, SharedClock, SharedRandom, UserId};

use crate::engine::postgres::Postgres;
use crate::engine::queue::{Job, Task};
use crate::engine::sqlite::Sqlite;
use crate::engine::trouble::Trouble;
use crate::engine::{Engine, readers, writer};
use crate::messages::Message;
use crate::vault::{RootKeys, Vault};
use crate::{Changes, StoreError, Tx, limits, migrations};

/// Where rows live.
#[derive(Clone)]
pub enum Database {
    /// A SQLite file; created when it is not there.
    Sqlite(PathBuf),
    /// `postgres://user:password@host/database` or the `key=value` form.
    Postgres(String),
}

/// How a store is opened.
#[derive(Clone)]
pub struct StoreConfig {
    pub database: Database,
    /// Where wrapped data keys live: never in the database of the rows, and never in its backups.
    pub keys: Database,
    pub root: Arc<dyn RootKeys>,
    /// Connections that read; 0 for the default.
    pub readers: usize,
    /// Faults to inject; `None` outside of simulations.
    pub faults: Option<Arc<dyn Faults>>,
}

impl StoreConfig {
    /// The embedded default: two SQLite files in `folder`, the root key in a file elsewhere.
    pub fn embedded(folder: &std::path::Path, root: Arc<dyn RootKeys>) -> Self {
        Self {
            database: Database::Sqlite(folder.join("chatters.sqlite")),
            keys: Database::Sqlite(folder.join("keys.sqlite")),
            root,
            readers: 0,
            faults: None,
        }
    }
}

/// What becomes of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitFate {
    Commit,
    /// The disk is full, the connection breaks: nothing is stored, every write of the batch fails.
    Fail,
    /// The commit is stored and then the connection breaks: the writes fail, but took effect.
    CommitUnheard,
}

/// A place for a simulation to break the store in, and to decide when its threads go on.
pub trait Faults: Send + Sync {
    /// Called on the writer thread; may block to be slow.
    fn on_commit(&self, writes: usize) -> CommitFate;

    /// Work was queued, by whoever asks for it.
    fn on_submit(&self, _what: Work) {}

    /// The writer has taken a first write; those that are queued when this returns go with it. Called on
    /// the writer thread; may block.
    fn on_batch(&self) {}

    /// A reader has taken work. Called on its thread; may block.
    fn on_read(&self) {}
}

/// What was asked of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    Write,
    Read,
}

/// What a durable transaction has to tell.
#[derive(Clone, Copy)]
pub struct Committed<'a> {
    pub hints: &'a [Hint],
    /// Messages that came into boxes.
    pub arrived: &'a [Arc<Message>],
    /// Messages, by box and id, that are not any more as they were when they arrived; also of those that have
    /// just arrived.
    pub altered: &'a [(UserId, i32)],
}

/// Hears of each durable transaction.
pub type Subscriber = Box<dyn Fn(Committed<'_>) + Send + Sync>;

/// What all threads of a store share.
pub(crate) struct Shared {
    pub(crate) clock: SharedClock,
    pub(crate) random: SharedRandom,
    pub(crate) vault: Vault,
    pub(crate) changes: Arc<Changes>,
    pub(crate) subscribers: RwLock<Vec<Subscriber>>,
    pub(crate) faults: Option<Arc<dyn Faults>>,
    /// Budgets that the operator set.
    pub(crate) budgets: OnceLock<Vec<Budget>>,
}

/// The database, the vault and their threads. Clones are cheap and share all of it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    writes: Sender<Box<dyn Job>>,
    reads: Sender<Box<dyn Job>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Store {
    /// Connects, runs the migrations that are due and starts the threads. Blocks.
    ///
    /// Errors: [`StoreError::Newer`], [`StoreError::MigrationChanged`], [`StoreError::RootKey`],
    /// [`StoreError::Unavailable`].
    pub fn open(config: &StoreConfig, clock: SharedClock, random: SharedRandom) -> Result<Self, StoreError> {
        // On a thread of its own, because drivers of databases may not wait inside of an async task.
        std::thread::scope(|scope| {
            let opening = scope.spawn(|| Self::open_here(config, clock, random));
            opening.join().unwrap_or(Err(StoreError::Panicked))
        })
    }

    fn open_here(config: &StoreConfig, clock: SharedClock, random: SharedRandom) -> Result<Self, StoreError> {
        let engine: Arc<dyn Engine> = match &config.database {
            Database::Sqlite(path) => Arc::new(Sqlite::new(path.clone())),
            Database::Postgres(url) => Arc::new(Postgres::new(url)?),
        };
        let vault = Vault::open(&config.keys, &*config.root, Arc::clone(&random))?;
        migrations::run(&*engine, &*clock, vault.id())?;
        let changes = Arc::new(Changes::new(engine.is_ours_alone(), Arc::clone(&clock)));
        let shared = Arc::new(Shared {
            clock,
            random,
            vault,
            changes,
            subscribers: RwLock::default(),
            faults: config.faults.clone(),
            budgets: OnceLock::new(),
        });
        let (writes, write_queue) = async_channel::bounded(limits::WRITE_QUEUE);
        let (reads, read_queue) = async_channel::bounded(limits::READ_QUEUE);
        let mut threads = vec![writer::start(Arc::clone(&engine), Arc::clone(&shared), write_queue)?];
        let readers = if config.readers == 0 { limits::READERS } else { config.readers };
        let trouble = Arc::new(Trouble::new(Arc::clone(&shared.clock), "read", &meters::DATABASE_READS));
        for _ in 0..readers {
            let (engine, shared, trouble) = (Arc::clone(&engine), Arc::clone(&shared), Arc::clone(&trouble));
            threads.push(readers::start(engine, shared, trouble, read_queue.clone())?);
        }
        Ok(Self { inner: Arc::new(Inner { shared, writes, reads, threads: Mutex::new(threads) }) })
    }

    /// Runs `f` in a transaction together with other writes, and resolves when it is durable. An
    /// `Err` of the closure undoes what it did, and nothing else.
    ///
    /// Writes run one after the other. Dropping the future does not stop the write.
    pub async fn write<T, E>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.submitted(Work::Write);
        let _waits = meters::WRITES_WAITING.hold();
        submit(&self.inner.writes, f).await
    }

    /// Runs `f` on a snapshot that has every write that was answered before. Statements that change
    /// something are refused.
    pub async fn read<T, E>(
        &self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.submitted(Work::Read);
        let _waits = meters::READS_WAITING.hold();
        submit(&self.inner.reads, f).await
    }

    fn submitted(&self, what: Work) {
        if let Some(faults) = &self.inner.shared.faults {
            faults.on_submit(what);
        }
    }

    /// Calls `subscriber` with what each transaction has to tell, after it is durable and before its
    /// writes are answered, in the order of commits, on the writer thread: it must not block. Where a commit
    /// may have taken effect and nobody can say so, the hints are [`Hint::perhaps`].
    pub fn subscribe(&self, subscriber: Subscriber) {
        self.inner.shared.subscribers.write().unwrap_or_else(PoisonError::into_inner).push(subscriber);
    }

    /// Whether what was read of people is so still.
    pub fn changes(&self) -> Arc<Changes> {
        Arc::clone(&self.inner.shared.changes)
    }

    /// From now on these hold in place of the budgets of the same names; see [`Tx::budget`]. Set once, when the
    /// parts are put together: later calls change nothing.
    pub fn set_budgets(&self, budgets: Vec<Budget>) {
        let _ = self.inner.shared.budgets.set(budgets);
    }

    pub fn vault(&self) -> &Vault {
        &self.inner.shared.vault
    }

    /// Lets queued work finish, refuses new work and ends the threads. Blocks; to be called last.
    pub fn close(&self) {
        self.inner.writes.close();
        self.inner.reads.close();
        let threads = std::mem::take(&mut *self.inner.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a store thread panicked");
            }
        }
    }
}

async fn submit<T, E>(
    queue: &Sender<Box<dyn Job>>,
    f: impl FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (task, answer) = Task::new(f);
    if queue.send(Box::new(task)).await.is_err() {
        return Err(StoreError::Closed.into());
    }
    answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
}
