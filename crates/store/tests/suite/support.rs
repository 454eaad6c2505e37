//! A store of either engine, and the little that all tests need.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::testing::{ManualClock, SeededRandom};
use domain::{Peer, Time, UserId};
use store::messages::Message;
use store::{Database, Faults, KeyFile, Row, Store, StoreConfig, StoreError, Value};
use tempfile::TempDir;
use testkit::postgres;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// A store, and what is needed to open it again.
pub(crate) struct Fixture {
    pub(crate) engine: Engine,
    pub(crate) store: Store,
    pub(crate) config: StoreConfig,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) data: Arc<TempDir>,
    pub(crate) root: Arc<TempDir>,
}

/// Runs a test on each engine.
pub(crate) fn both<F: Future<Output = ()>>(check: impl Fn(Fixture) -> F) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        println!("engine: {engine:?}");
        let fixture = Fixture::new(engine, None);
        // A closure may take fields apart; the folders must stay until it is done.
        let folders = (Arc::clone(&fixture.data), Arc::clone(&fixture.root));
        runtime().block_on(check(fixture));
        drop(folders);
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

impl Fixture {
    pub(crate) fn new(engine: Engine, faults: Option<Arc<dyn Faults>>) -> Self {
        let folder = || Arc::new(tempfile::tempdir().expect("a temporary folder"));
        let (data, root) = (folder(), folder());
        let holder = Arc::new(KeyFile::new(root.path().join("root.key")));
        let mut config = StoreConfig { faults, readers: 2, ..StoreConfig::embedded(data.path(), holder) };
        if engine == Engine::Postgres {
            config.database = Database::Postgres(postgres::database());
            config.keys = Database::Postgres(postgres::database());
        }
        let clock = Arc::new(ManualClock::new(Time::from_secs(1_700_000_000)));
        let store = open(&config, &clock).expect("the store opens");
        Self { engine, store, config, clock, data, root }
    }

    /// Closes the store and opens it again.
    pub(crate) fn reopen(&mut self) {
        self.store.close();
        self.store = self.try_open().expect("the store opens again");
    }

    pub(crate) fn try_open(&self) -> Result<Store, StoreError> {
        open(&self.config, &self.clock)
    }

    /// Everything that the database has written to disk, log included, for a search.
    pub(crate) fn raw(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        append_files(self.data.path(), &mut bytes);
        if self.engine == Engine::Postgres {
            postgres::cluster().checkpoint();
            append_files(postgres::cluster().files(), &mut bytes);
        }
        bytes
    }
}

fn append_files(folder: &Path, bytes: &mut Vec<u8>) {
    for entry in fs::read_dir(folder).expect("the folder is there").flatten() {
        let kind = entry.file_type().expect("a file has a kind");
        if kind.is_dir() {
            append_files(&entry.path(), bytes);
        } else if kind.is_file() {
            // The server may remove its temporary files under our hands.
            bytes.extend(fs::read(entry.path()).unwrap_or_default());
        }
    }
}

fn open(config: &StoreConfig, clock: &Arc<ManualClock>) -> Result<Store, StoreError> {
    // A new seed for each store: two of them must never share nonces.
    static SEED: AtomicU64 = AtomicU64::new(1);
    let seed = SEED.fetch_add(1, Ordering::SeqCst) << 32 | u64::from(std::process::id());
    println!("seed: {seed}");
    Store::open(config, clock.clone(), Arc::new(SeededRandom::new(seed)))
}

pub(crate) fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(haystack, needle).is_some()
}

const INSERT: &str = "INSERT INTO boxes (owner, pts, next_message_id, qts) VALUES ($1, $2, 0, 0)";
const SELECT: &str = "SELECT pts FROM boxes WHERE owner = $1";
const ALL: &str = "SELECT owner FROM boxes ORDER BY owner";

/// Inserts a row of `boxes`; a second one with the same owner is a conflict.
pub(crate) fn insert(tx: &mut store::Tx<'_>, owner: i64, pts: i64) -> Result<(), StoreError> {
    tx.execute(INSERT, &[Value::Int(owner), Value::Int(pts)]).map(drop)
}

pub(crate) async fn pts(store: &Store, owner: i64) -> Option<i64> {
    let row: Result<Option<Row>, StoreError> =
        store.read(move |tx| tx.query_opt(SELECT, &[Value::Int(owner)])).await;
    row.expect("the read succeeds").map(|row| row.int(0).expect("an integer"))
}

pub(crate) async fn owners(store: &Store) -> Vec<i64> {
    let rows: Result<Vec<Row>, StoreError> = store.read(|tx| tx.query(ALL, &[])).await;
    rows.expect("the read succeeds").iter().map(|row| row.int(0).expect("an integer")).collect()
}

/// A message without words that `owner` wrote to `peer`.
pub(crate) fn message(tx: &store::Tx<'_>, owner: UserId, peer: Peer, id: i32, pts: i32) -> Message {
    Message {
        owner,
        id,
        peer,
        twin: None,
        from: owner,
        date: tx.now(),
        edit_date: None,
        flags: 0,
        random_id: None,
        reply_to: None,
        expires_at: None,
        pts,
        content: Vec::new(),
    }
}
