//! Backups: taken under load, refused when anything is wrong, restored whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use domain::Time;
use domain::testing::ManualClock;
use store::backup::{self, About, BackupError, Kind, Manifest, Restore};
use store::{Database, Owner, Row, RowKey, Store, StoreError, Value};
use tempfile::TempDir;
use testkit::postgres;

use crate::support::{Engine, Fixture, both};

const INSERT: &str = "INSERT INTO privacy (owner, rule, value) VALUES ($1, $2, $3)";
const SELECT: &str = "SELECT owner, value FROM privacy ORDER BY owner";
const BOX: &str =
    "INSERT INTO boxes (owner, pts, next_message_id, qts, scheduled_id) VALUES ($1, 40, 30, 1, 7)";
const BOXES: &str = "SELECT pts, next_message_id, scheduled_id FROM boxes ORDER BY owner";

/// Each user is a new owner: its data key and its row are written together.
pub(crate) async fn add(store: &Store, user: i64) -> Result<(), StoreError> {
    store
        .write(move |tx| {
            let sealed = tx.seal(Owner::User(user), "privacy", RowKey::from((user, 1)), b"rules")?;
            tx.changes(domain::UserId(user));
            tx.execute(INSERT, &[Value::Int(user), Value::Int(1), Value::Blob(&sealed)]).map(drop)
        })
        .await
}

/// The users whose rows are there; each has to open.
async fn opened(store: &Store) -> Result<Vec<i64>, StoreError> {
    store
        .read(|tx| {
            let rows: Vec<Row> = tx.query(SELECT, &[])?;
            let open = |row: &Row| {
                let user = row.int(0)?;
                let key = RowKey::from((user, 1));
                let plain = tx.open_sealed(Owner::User(user), "privacy", key, row.blob(1)?)?;
                assert_eq!(plain, b"rules");
                Ok(user)
            };
            rows.iter().map(open).collect()
        })
        .await
}

fn take(fixture: &Fixture, kind: Kind, place: &Path) -> Result<Manifest, BackupError> {
    let database = match kind {
        Kind::Rows => &fixture.config.database,
        Kind::Keys => &fixture.config.keys,
    };
    let about = About { version: "test", server_key: Some(-7) };
    std::thread::scope(|scope| {
        let run = || backup::take(kind, database, place, &about, &*fixture.clock);
        scope.spawn(run).join().expect("a backup does not panic")
    })
}

/// Somewhere empty.
struct Target {
    database: Database,
    keys: Database,
    folder: TempDir,
}

impl Target {
    fn new(engine: Engine) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = folder.path().join("data");
        let (database, keys) = match engine {
            Engine::Sqlite => {
                (Database::Sqlite(data.join("chatters.sqlite")), Database::Sqlite(data.join("keys.sqlite")))
            }
            Engine::Postgres => {
                (Database::Postgres(postgres::database()), Database::Postgres(postgres::database()))
            }
        };
        Self { database, keys, folder }
    }

    fn restore(&self, rows: &Path, keys: &Path) -> Result<(), BackupError> {
        let asked = Restore { rows, keys, database: &self.database, keys_database: &self.keys };
        std::thread::scope(|scope| {
            let run = || backup::restore(&asked).map(drop);
            scope.spawn(run).join().expect("restoring does not panic")
        })
    }

    fn open(&self, fixture: &mut Fixture) {
        fixture.store.close();
        fixture.config.database = self.database.clone();
        fixture.config.keys = self.keys.clone();
        fixture.store = fixture.try_open().expect("what was restored opens");
    }
}

/// A backup of a store with three users, and the folders of its two parts.
async fn backed_up(fixture: &Fixture) -> (TempDir, PathBuf, PathBuf) {
    for user in 1..=3 {
        add(&fixture.store, user).await.expect("the write succeeds");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (rows, keys) = (folder.path().join("rows"), folder.path().join("keys"));
    take(fixture, Kind::Rows, &rows).expect("rows are copied");
    take(fixture, Kind::Keys, &keys).expect("data keys are copied");
    (folder, rows, keys)
}

/// Whatever was acknowledged before the backup began is there, and every row that is there opens: no row
/// was copied whose data key was not.
#[test]
fn under_load_every_row_has_its_key() {
    both(|mut fixture| async move {
        let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicI64::new(0)));
        let mut writers = tokio::task::JoinSet::new();
        for lane in 0..4_i64 {
            let (store, stop) = (fixture.store.clone(), Arc::clone(&stop));
            let acknowledged = Arc::clone(&acknowledged);
            writers.spawn(async move {
                let mut user = 1 + lane;
                while !stop.load(Ordering::SeqCst) {
                    add(&store, user).await.unwrap();
                    acknowledged.fetch_add(1, Ordering::SeqCst);
                    user += 4;
                }
            });
        }
        for _ in 0..500 {
            if acknowledged.load(Ordering::SeqCst) >= 200 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        let before = acknowledged.load(Ordering::SeqCst);
        let folder = tempfile::tempdir().unwrap();
        let (rows, keys) = (folder.path().join("rows"), folder.path().join("keys"));
        let manifest = take(&fixture, Kind::Rows, &rows).unwrap();
        // Writes go on between the two.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        take(&fixture, Kind::Keys, &keys).unwrap();
        stop.store(true, Ordering::SeqCst);
        writers.join_all().await;
        assert!(before >= 200, "only {before} writes were acknowledged");
        let target = Target::new(fixture.engine);
        target.restore(&rows, &keys).unwrap();
        target.open(&mut fixture);
        let users = opened(&fixture.store).await.expect("every row opens");
        assert_eq!(manifest.rows["privacy"], users.len() as u64);
        assert!(users.len() as i64 >= before, "{} of {before}", users.len());
        add(&fixture.store, 1_000_000).await.expect("it can be written");
    });
}

#[test]
fn numbers_that_devices_know_are_not_given_out_again() {
    both(|mut fixture| async move {
        let made: Result<u64, StoreError> = fixture.store.write(|tx| tx.execute(BOX, &[Value::Int(1)])).await;
        made.unwrap();
        let (_folder, rows, keys) = backed_up(&fixture).await;
        let target = Target::new(fixture.engine);
        target.restore(&rows, &keys).unwrap();
        target.open(&mut fixture);
        let rows: Result<Vec<Row>, StoreError> = fixture.store.read(|tx| tx.query(BOXES, &[])).await;
        let rows = rows.unwrap();
        let leap = store::limits::RESTORE_LEAP;
        let found = [rows[0].int(0).unwrap(), rows[0].int(1).unwrap(), rows[0].int(2).unwrap()];
        assert_eq!(found, [40 + leap, 30 + leap, 7 + leap]);
    });
}

#[test]
fn what_does_not_fit_is_refused() {
    both(|mut fixture| async move {
        let (folder, rows, keys) = backed_up(&fixture).await;
        let target = Target::new(fixture.engine);
        let refused = |rows: &Path, keys: &Path, expected: &str| {
            let error = target.restore(rows, keys).unwrap_err().to_string();
            assert!(error.contains(expected), "{error:?} should tell {expected:?}");
        };
        refused(&keys, &keys, "is one of the data keys");
        refused(&rows, &rows, "is one of the rows");
        refused(&folder.path().join("nothing"), &keys, "this is no backup");

        // Data keys of an earlier day.
        fixture.clock.set(Time::from_secs(1_700_000_500));
        let later = folder.path().join("later");
        take(&fixture, Kind::Rows, &later).unwrap();
        refused(&later, &keys, "older than the rows");

        let other = Fixture::new(fixture.engine, None);
        other.clock.set(Time::from_secs(1_700_000_600));
        let foreign = folder.path().join("foreign");
        take(&other, Kind::Keys, &foreign).unwrap();
        refused(&rows, &foreign, "two different servers");

        // Nothing of all that was left behind, and the good one still goes.
        target.restore(&rows, &keys).unwrap();
        refused(&rows, &keys, "not empty");
        target.open(&mut fixture);
        assert_eq!(opened(&fixture.store).await.unwrap(), [1, 2, 3]);
    });
}

#[test]
fn damage_is_noticed() {
    both(|fixture| async move {
        let (_folder, rows, keys) = backed_up(&fixture).await;
        let target = Target::new(fixture.engine);
        let files: Vec<PathBuf> = [&rows, &keys]
            .iter()
            .flat_map(|folder| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()))
            .collect();
        for path in files {
            let whole = fs::read(&path).unwrap();
            let mut damaged = whole.clone();
            let middle = damaged.len() / 2;
            damaged[middle] ^= 0xff;
            for wrong in [Some(damaged), Some(whole[..whole.len() - 1].to_vec()), None] {
                match &wrong {
                    Some(bytes) => fs::write(&path, bytes).unwrap(),
                    None => fs::remove_file(&path).unwrap(),
                }
                let is_manifest = path.file_name().unwrap() == "manifest.json";
                // A manifest without its last newline says the same.
                if !(is_manifest && wrong.as_ref().is_some_and(|wrong| wrong.len() < whole.len())) {
                    assert!(target.restore(&rows, &keys).is_err(), "{}", path.display());
                }
                assert!(!target.folder.path().join("data").exists(), "half of it was left");
            }
            fs::write(&path, whole).unwrap();
        }
        target.restore(&rows, &keys).unwrap();
    });
}

#[test]
fn nothing_is_overwritten() {
    both(|fixture| async move {
        let (folder, rows, _keys) = backed_up(&fixture).await;
        let error = take(&fixture, Kind::Rows, &rows).unwrap_err().to_string();
        assert!(error.contains("not empty"), "{error}");
        let missing = Database::Sqlite(folder.path().join("no such folder").join("chatters.sqlite"));
        let about = About { version: "test", server_key: None };
        let place = folder.path().join("of nothing");
        let clock = ManualClock::new(Time::from_secs(1));
        assert!(backup::take(Kind::Rows, &missing, &place, &about, &clock).is_err());
        assert!(!place.exists(), "a failure leaves nothing behind");
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    });
}
