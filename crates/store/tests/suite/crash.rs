//! What was acknowledged is there after `kill -9`.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;

use domain::Time;
use domain::testing::{ManualClock, SeededRandom};
use store::{Database, KeyFile, Owner, Row, RowKey, Store, StoreConfig, StoreError, Value};
use testkit::postgres;
use tokio::task::JoinSet;

use crate::support::{Engine, runtime};

const CHILD: &str = "STORE_CRASH_CHILD";
const ROUNDS: i64 = 4;
/// Acknowledgements to wait for before a kill.
const ACKNOWLEDGED: usize = 150;
const WRITERS: i64 = 16;

const INSERT: &str = "INSERT INTO privacy (owner, rule, value) VALUES ($1, $2, $3)";
const ADD: &str = "INSERT INTO boxes (owner, pts, next_message_id, qts) VALUES ($1, 1, 0, 0) \
     ON CONFLICT (owner) DO UPDATE SET pts = boxes.pts + 1";

fn config(engine: Engine, data: &str, keys: &str, root: &str) -> StoreConfig {
    let place = |address: &str| match engine {
        Engine::Sqlite => Database::Sqlite(PathBuf::from(address)),
        Engine::Postgres => Database::Postgres(address.to_owned()),
    };
    let holder = Arc::new(KeyFile::new(PathBuf::from(root)));
    StoreConfig { database: place(data), keys: place(keys), root: holder, readers: 1, faults: None }
}

fn open(config: &StoreConfig, seed: u64) -> Store {
    let clock = Arc::new(ManualClock::new(Time::from_secs(1_700_000_000)));
    Store::open(config, clock, Arc::new(SeededRandom::new(seed))).expect("the store opens")
}

/// Writes for ever, and says on the standard output what was acknowledged. Two rows of a write in
/// two tables must be there together.
fn child(arguments: &str) {
    let fields: Vec<&str> = arguments.split('|').collect();
    let [engine, data, keys, root, round] = fields[..] else { panic!("five arguments") };
    let engine = if engine == "Sqlite" { Engine::Sqlite } else { Engine::Postgres };
    let round: i64 = round.parse().expect("a number");
    let store = open(&config(engine, data, keys, root), round.cast_unsigned() + 100);
    runtime().block_on(async {
        let mut tasks = JoinSet::new();
        for writer in 0..WRITERS {
            let store = store.clone();
            tasks.spawn(async move {
                for count in 0.. {
                    let owner = round * 100 + writer;
                    let outcome: Result<(), StoreError> = store
                        .write(move |tx| {
                            let row = RowKey::from((owner, count));
                            let sealed = tx.seal(Owner::User(owner), "privacy", row, b"content")?;
                            tx.changes(domain::UserId(owner));
                            tx.execute(
                                INSERT,
                                &[Value::Int(owner), Value::Int(count), Value::Blob(&sealed)],
                            )?;
                            tx.execute(ADD, &[Value::Int(owner)]).map(drop)
                        })
                        .await;
                    outcome.expect("the write succeeds");
                    let line = format!("ack {owner} {count}\n");
                    std::io::stdout().write_all(line.as_bytes()).expect("the parent listens");
                }
            });
        }
        while tasks.join_next().await.is_some() {}
    });
}

fn check(engine: Engine) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let (data, keys) = match engine {
        Engine::Sqlite => (file("data"), file("keys")),
        Engine::Postgres => (postgres::database(), postgres::database()),
    };
    let root = file("root");
    let mut acknowledged = BTreeSet::new();
    for round in 1..=ROUNDS {
        let mut writer = Command::new(env::current_exe().expect("this program"))
            .args(["--exact", "crash::acknowledged_writes_survive_a_kill", "--nocapture"])
            .env(CHILD, format!("{engine:?}|{data}|{keys}|{root}|{round}"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the child starts");
        let mut seen = 0;
        for line in BufReader::new(writer.stdout.take().expect("piped")).lines() {
            let line = line.expect("text");
            // The test harness writes its own words into the first line.
            let Some((_, numbers)) = line.split_once("ack ") else { continue };
            let mut numbers = numbers.split(' ').map(str::parse::<i64>);
            if let (Some(Ok(owner)), Some(Ok(count))) = (numbers.next(), numbers.next()) {
                acknowledged.insert((owner, count));
                seen += 1;
            }
            if seen == ACKNOWLEDGED {
                writer.kill().expect("the child runs");
            }
        }
        writer.wait().expect("the child ends");
        assert!(seen >= ACKNOWLEDGED, "round {round}: the child wrote");
        let store = open(&config(engine, &data, &keys, &root), round.cast_unsigned());
        runtime().block_on(verify(&store, &acknowledged));
        store.close();
    }
}

async fn verify(store: &Store, acknowledged: &BTreeSet<(i64, i64)>) {
    let rows: Result<Vec<(i64, i64)>, StoreError> = store
        .read(|tx| {
            let rows: Vec<Row> = tx.query("SELECT owner, rule, value FROM privacy", &[])?;
            rows.iter()
                .map(|row| {
                    let (owner, rule) = (row.int(0)?, row.int(1)?);
                    let key = RowKey::from((owner, rule));
                    let plain = tx.open_sealed(Owner::User(owner), "privacy", key, row.blob(2)?)?;
                    assert_eq!(plain, b"content");
                    Ok((owner, rule))
                })
                .collect()
        })
        .await;
    let stored: BTreeSet<(i64, i64)> = rows.expect("every row opens").into_iter().collect();
    let lost: Vec<_> = acknowledged.difference(&stored).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    let sums: Result<Vec<Row>, StoreError> = store
        .read(|tx| {
            tx.query(
                "SELECT boxes.owner, boxes.pts, COUNT(*) FROM boxes JOIN privacy \
                 ON privacy.owner = boxes.owner GROUP BY boxes.owner, boxes.pts",
                &[],
            )
        })
        .await;
    for row in sums.expect("the read succeeds") {
        assert_eq!(row.int(1).expect("an integer"), row.int(2).expect("an integer"), "half a write is there");
    }
}

#[test]
fn acknowledged_writes_survive_a_kill() {
    if let Ok(arguments) = env::var(CHILD) {
        return child(&arguments);
    }
    check(Engine::Sqlite);
    check(Engine::Postgres);
}
