//! Writes and reads: alone, in groups, failing, at once.

use std::future::{Future, poll_fn};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use domain::{Hint, UserId};
use store::{CommitFate, Faults, Store, StoreError, Tx, Value};
use testkit::postgres;
use tokio::task::JoinSet;

use crate::support::{Engine, Fixture, both, insert, owners, pts, runtime};

type Outcome = Result<(), StoreError>;

fn hint(owner: i64, pts: i32) -> Hint {
    Hint::Box { owner: UserId(owner), pts, sub: 0, origin: None }
}

type Write = Box<dyn FnOnce(&mut Tx<'_>) -> Outcome + Send>;

/// Runs closures as one group, in order, and gives their outcomes.
async fn group(store: &Store, closures: Vec<Write>) -> Vec<Outcome> {
    // Keeps the writer busy until all of them are in the queue.
    let (entered, wait_entered) = tokio::sync::oneshot::channel();
    let (release, wait): (Sender<()>, Receiver<()>) = channel();
    let mut blocker = JoinSet::new();
    let blocked = store.clone();
    blocker.spawn(async move {
        let outcome: Outcome = blocked
            .write(move |_tx| {
                entered.send(()).expect("the test waits");
                // An error says that the sender is gone, which is the signal.
                wait.recv().unwrap_or_default();
                Ok(())
            })
            .await;
        outcome.expect("the write succeeds");
    });
    wait_entered.await.expect("the blocker runs");
    let mut writes: Vec<_> = closures.into_iter().map(|closure| Box::pin(store.write(closure))).collect();
    poll_fn(|context| {
        for write in &mut writes {
            assert!(write.as_mut().poll(context).is_pending(), "the first poll puts it into the queue");
        }
        Poll::Ready(())
    })
    .await;
    drop(release);
    let mut outcomes = Vec::new();
    for write in writes {
        outcomes.push(write.await);
    }
    outcomes
}

#[test]
fn values_come_back_as_they_went_in() {
    const UPSERT: &str =
        "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2";
    both(|fixture| async move {
        for text in ["", "a", "$1 'quoted' ?2", "déjà vu \u{1F680} \u{200f}"] {
            let outcome: Result<(String, Vec<u8>), StoreError> = fixture
                .store
                .write(move |tx| {
                    tx.execute(UPSERT, &[Value::Text(text), Value::Blob(text.as_bytes())])?;
                    let row =
                        tx.query_opt("SELECT value, name FROM meta WHERE name = $1", &[Value::Text(text)])?;
                    let row = row.ok_or(StoreError::Closed)?;
                    assert!(row.int(0).is_err(), "a blob is no integer");
                    assert!(row.text(0).is_err(), "a blob is no text");
                    assert!(row.blob(2).is_err(), "there is no third column");
                    Ok((row.text(1)?.to_owned(), row.blob(0)?.to_vec()))
                })
                .await;
            let (name, value) = outcome.expect("the write succeeds");
            assert_eq!((name.as_str(), value.as_slice()), (text, text.as_bytes()));
        }
        for int in [0, 1, -1, i64::MAX, i64::MIN, i64::from(i32::MAX) + 1] {
            let outcome: Outcome = fixture.store.write(move |tx| insert(tx, int, int)).await;
            outcome.expect("the write succeeds");
            assert_eq!(pts(&fixture.store, int).await, Some(int));
        }
        let nulls: Result<(), StoreError> = fixture
            .store
            .read(|tx| {
                let row = tx.query_opt(
                    "SELECT MAX(pts), MAX(owner), COUNT(*), CAST(SUM(qts) AS BIGINT) FROM boxes WHERE owner = 77",
                    &[],
                )?;
                let row = row.ok_or(StoreError::Closed)?;
                assert_eq!((row.opt_int(0)?, row.opt_blob(1)?, row.int(2)?, row.opt_int(3)?), (None, None, 0, None));
                assert!(row.int(0).is_err(), "null is no integer");
                Ok(())
            })
            .await;
        nulls.expect("the read succeeds");
    });
}

#[test]
fn a_failing_write_of_a_group_is_undone_alone() {
    both(|fixture| async move {
        let hints: Arc<Mutex<Vec<Hint>>> = Arc::default();
        let heard = Arc::clone(&hints);
        fixture.store.subscribe(Box::new(move |told| heard.lock().unwrap().extend_from_slice(told.hints)));
        let hint = |owner| hint(owner, 1);
        let good = |owner: i64| -> Write {
            Box::new(move |tx| {
                tx.hint(hint(owner));
                insert(tx, owner, 1)
            })
        };
        let bad = |owner: i64, end: fn(&mut Tx<'_>) -> Outcome| -> Write {
            Box::new(move |tx| {
                tx.hint(hint(owner));
                insert(tx, owner, 1)?;
                end(tx)
            })
        };
        let outcomes = group(
            &fixture.store,
            vec![
                good(1),
                bad(2, |_| Err(StoreError::Closed)),
                good(3),
                bad(4, |_| panic!("on purpose")),
                good(5),
                bad(6, |tx| insert(tx, 1, 1)),
                good(7),
                bad(8, |tx| tx.execute("SELECT nonsense FROM nowhere", &[]).map(drop)),
                bad(9, |tx| tx.execute("DELETE FROM boxes WHERE owner = $1", &[]).map(drop)),
                // The conflict comes out although nobody waits for the statement.
                bad(10, |tx| {
                    tx.defer(
                        "INSERT INTO boxes (owner, pts, next_message_id, qts) VALUES ($1, 0, 0, 0)",
                        &[Value::Int(3)],
                    )
                }),
                // A closure that does not mind a failure must not keep half of its work.
                bad(11, |tx| {
                    assert!(matches!(insert(tx, 1, 1), Err(StoreError::Conflict)));
                    assert!(insert(tx, 111, 1).is_err(), "nothing works after a failure");
                    Ok(())
                }),
                good(12),
            ],
        )
        .await;
        let mut expect: Vec<fn(&Outcome) -> bool> = vec![|outcome| outcome.is_ok(); 12];
        expect[1] = |outcome| matches!(outcome, Err(StoreError::Closed));
        expect[3] = |outcome| matches!(outcome, Err(StoreError::Panicked));
        expect[5] = |outcome| matches!(outcome, Err(StoreError::Conflict));
        expect[7] = |outcome| matches!(outcome, Err(StoreError::Sql(_)));
        expect[8] = |outcome| matches!(outcome, Err(StoreError::Sql(_)));
        expect[9] = |outcome| matches!(outcome, Err(StoreError::Conflict));
        expect[10] = |outcome| matches!(outcome, Err(StoreError::Sql(_)));
        for (index, (outcome, expect)) in outcomes.iter().zip(expect).enumerate() {
            assert!(expect(outcome), "write {index}: {outcome:?}");
        }
        assert_eq!(owners(&fixture.store).await, [1, 3, 5, 7, 12]);
        assert_eq!(*hints.lock().unwrap(), [1, 3, 5, 7, 12].map(hint), "only what was committed, in order");
    });
}

#[test]
fn a_failing_write_alone_leaves_nothing() {
    both(|fixture| async move {
        let failing: [fn(&mut Tx<'_>) -> Outcome; 3] = [
            |_| Err(StoreError::Closed),
            |_| panic!("on purpose"),
            |tx| insert(tx, 1, 1).and_then(|()| insert(tx, 1, 1)),
        ];
        for end in failing {
            let outcome: Outcome = fixture
                .store
                .write(move |tx| {
                    insert(tx, 1, 1)?;
                    end(tx)
                })
                .await;
            assert!(outcome.is_err());
            assert_eq!(owners(&fixture.store).await, [] as [i64; 0]);
        }
        let outcome: Outcome = fixture.store.write(|tx| insert(tx, 1, 1)).await;
        outcome.expect("the store still works");
    });
}

#[test]
fn reads_see_every_acknowledged_write() {
    both(|fixture| async move {
        for owner in 1..=200 {
            let outcome: Outcome = fixture.store.write(move |tx| insert(tx, owner, owner)).await;
            outcome.expect("the write succeeds");
            assert_eq!(pts(&fixture.store, owner).await, Some(owner));
        }
    });
}

#[test]
fn a_read_is_a_snapshot() {
    both(|fixture| async move {
        let (entered, wait_entered) = channel();
        let (release, wait): (Sender<()>, Receiver<()>) = channel();
        let store = fixture.store.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let counts: Result<(i64, i64), StoreError> = store
                .read(move |tx| {
                    const COUNT: &str = "SELECT COUNT(*) FROM boxes";
                    let before = tx.query(COUNT, &[])?[0].int(0)?;
                    entered.send(()).expect("the test waits");
                    wait.recv().unwrap_or_default();
                    Ok((before, tx.query(COUNT, &[])?[0].int(0)?))
                })
                .await;
            counts.expect("the read succeeds")
        });
        tokio::task::spawn_blocking(move || wait_entered.recv()).await.unwrap().unwrap();
        let outcome: Outcome = fixture.store.write(|tx| insert(tx, 1, 1)).await;
        outcome.expect("a reader does not stop the writer");
        drop(release);
        assert_eq!(tasks.join_next().await.unwrap().unwrap(), (0, 0));
        assert_eq!(pts(&fixture.store, 1).await, Some(1));
    });
}

#[test]
fn reads_cannot_write() {
    both(|fixture| async move {
        for _ in 0..3 {
            let outcome: Outcome = fixture.store.read(|tx| insert(tx, 1, 1)).await;
            assert!(matches!(outcome, Err(StoreError::Sql(_) | StoreError::Unavailable(_))), "{outcome:?}");
        }
        let outcome: Outcome = fixture.store.read(|_| panic!("on purpose")).await;
        assert!(matches!(outcome, Err(StoreError::Panicked)));
        assert_eq!(owners(&fixture.store).await, [] as [i64; 0]);
    });
}

#[test]
fn many_writers_and_readers_at_once() {
    const OWNERS: i64 = 8;
    const ADD: &str = "INSERT INTO boxes (owner, pts, next_message_id, qts) VALUES ($1, 1, 0, 0) \
         ON CONFLICT (owner) DO UPDATE SET pts = boxes.pts + 1 RETURNING pts";
    both(|fixture| async move {
        let hints: Arc<Mutex<Vec<Hint>>> = Arc::default();
        let heard = Arc::clone(&hints);
        fixture.store.subscribe(Box::new(move |told| heard.lock().unwrap().extend_from_slice(told.hints)));
        let mut tasks = JoinSet::new();
        for task in 0..32 {
            let store = fixture.store.clone();
            tasks.spawn(async move {
                for step in 0..25 {
                    let owner = (task + step) % OWNERS;
                    let outcome: Result<i64, StoreError> = store
                        .write(move |tx| {
                            let row = tx.query_opt(ADD, &[Value::Int(owner)])?.ok_or(StoreError::Closed)?;
                            tx.hint(hint(owner, row.int32(0)?));
                            row.int(0)
                        })
                        .await;
                    let written = outcome.expect("the write succeeds");
                    assert!(pts(&store, owner).await.expect("the row is there") >= written);
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.expect("the task ends");
        }
        let hints = hints.lock().unwrap();
        assert_eq!(hints.len(), 32 * 25);
        for wanted in 0..OWNERS {
            let seen: Vec<i32> = hints
                .iter()
                .filter_map(|hint| match hint {
                    Hint::Box { owner, pts, .. } if owner.0 == wanted => Some(*pts),
                    _ => None,
                })
                .collect();
            let expect: Vec<i32> = (1..=i32::try_from(seen.len()).unwrap()).collect();
            assert_eq!(seen, expect, "owner {wanted}: hints come in the order of commits, without gaps");
        }
    });
}

#[test]
fn hints_come_before_the_answer() {
    both(|fixture| async move {
        let heard: Arc<Mutex<u32>> = Arc::default();
        let count = Arc::clone(&heard);
        fixture.store.subscribe(Box::new(move |_| *count.lock().unwrap() += 1));
        fixture.store.subscribe(Box::new(|_| panic!("on purpose")));
        for round in 1..=20 {
            let outcome: Outcome = fixture
                .store
                .write(move |tx| {
                    tx.hint(hint(1, 1));
                    Ok(())
                })
                .await;
            outcome.expect("the write succeeds");
            assert_eq!(*heard.lock().unwrap(), round);
        }
    });
}

#[test]
fn one_query_for_many_parameters() {
    both(|fixture| async move {
        let outcome: Outcome =
            fixture.store.write(|tx| (0..600).try_for_each(|owner| insert(tx, owner, owner * 10))).await;
        outcome.expect("the write succeeds");
        let found: Result<Vec<i64>, StoreError> = fixture
            .store
            .read(|tx| {
                let params: Vec<[Value<'_>; 1]> = (0..700).rev().map(|owner| [Value::Int(owner)]).collect();
                let sets: Vec<&[Value<'_>]> = params.iter().map(<[_; 1]>::as_slice).collect();
                let rows = tx.query_each("SELECT pts FROM boxes WHERE owner = $1", &sets)?;
                assert!(tx.query_each("SELECT pts FROM boxes WHERE owner = $1", &[])?.is_empty());
                rows.iter().map(|row| row.int(0)).collect()
            })
            .await;
        let expect: Vec<i64> = (0..600).rev().map(|owner| owner * 10).collect();
        assert_eq!(found.expect("the read succeeds"), expect);
    });
}

/// Plays a list of fates, then commits.
struct Script(Mutex<Vec<CommitFate>>);

impl Faults for Script {
    fn on_commit(&self, _writes: usize) -> CommitFate {
        self.0.lock().expect("no test panics with it").pop().unwrap_or(CommitFate::Commit)
    }
}

#[test]
fn a_lost_commit_fails_the_whole_group() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        runtime().block_on(async move {
            let script = Arc::new(Script(Mutex::default()));
            let faults: Arc<dyn Faults> = script.clone();
            let fixture = Fixture::new(engine, Some(faults));
            let writes = |from: i64| -> Vec<Write> {
                (from..from + 3)
                    .map(|owner| {
                        let write: Write = Box::new(move |tx| {
                            tx.hint(hint(owner, 1));
                            insert(tx, owner, 1)
                        });
                        write
                    })
                    .collect()
            };
            let fates = |second| *script.0.lock().unwrap() = vec![second, CommitFate::Commit];
            let lost = |outcomes: Vec<Outcome>| {
                outcomes.iter().all(|outcome| matches!(outcome, Err(StoreError::Unavailable(_))))
            };
            fates(CommitFate::Fail);
            assert!(lost(group(&fixture.store, writes(1)).await));
            assert_eq!(owners(&fixture.store).await, [] as [i64; 0]);
            fates(CommitFate::CommitUnheard);
            assert!(lost(group(&fixture.store, writes(1)).await));
            assert_eq!(owners(&fixture.store).await, [1, 2, 3], "stored, though nobody could say so");
            let outcomes = group(&fixture.store, writes(4)).await;
            assert!(outcomes.iter().all(Result::is_ok));
            assert_eq!(owners(&fixture.store).await, [1, 2, 3, 4, 5, 6]);
        });
    }
}

/// A write past its checks has nothing of its own to be undone by: where it fails all the same, its whole group
/// is undone and told so, or it alone; never is a part of it left.
#[test]
fn a_decided_write_that_fails_leaves_nothing() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        runtime().block_on(async move {
            let fixture = Fixture::new(engine, None);
            let mut writes: Vec<Write> = vec![
                Box::new(|tx| insert(tx, 1, 1)),
                Box::new(|tx| {
                    tx.decided();
                    insert(tx, 2, 1)?;
                    insert(tx, 2, 1)
                }),
            ];
            let outcomes = group(&fixture.store, writes).await;
            assert!(outcomes[1].is_err());
            assert_eq!(owners(&fixture.store).await, if outcomes[0].is_ok() { vec![1] } else { vec![] });
            // One that refuses before its first change is undone alone.
            writes = vec![
                Box::new(|tx| insert(tx, 3, 1)),
                Box::new(|tx| {
                    tx.decided();
                    Err(StoreError::corrupt("test", "refused"))
                }),
                Box::new(|tx| {
                    tx.decided();
                    insert(tx, 4, 1)
                }),
            ];
            let outcomes = group(&fixture.store, writes).await;
            assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
            assert!(owners(&fixture.store).await.ends_with(&[3, 4]));
        });
    }
}

#[test]
fn a_commit_that_nobody_heard_of_is_told_of_with_care() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        runtime().block_on(async move {
            let script = Arc::new(Script(Mutex::new(vec![CommitFate::CommitUnheard, CommitFate::Fail])));
            let fixture = Fixture::new(engine, Some(script));
            let heard = Arc::new(Mutex::new(Vec::new()));
            let hears = Arc::clone(&heard);
            fixture
                .store
                .subscribe(Box::new(move |told| hears.lock().unwrap().extend_from_slice(told.hints)));
            for _ in 0..2 {
                let outcome: Outcome = fixture
                    .store
                    .write(|tx| {
                        tx.hint(hint(1, 1));
                        tx.hint(Hint::Key { auth_key_id: 5, user: None, close: true });
                        insert(tx, 1, 1)
                    })
                    .await;
                assert!(matches!(outcome, Err(StoreError::Unavailable(_))));
            }
            // Nothing is said of the first one, which certainly did not happen.
            assert_eq!(*heard.lock().unwrap(), [hint(1, 1), Hint::KeyUnknown { auth_key_id: 5 }]);
        });
    }
}

#[test]
fn broken_connections_are_made_anew() {
    runtime().block_on(async {
        let fixture = Fixture::new(Engine::Postgres, None);
        let mut acknowledged = Vec::new();
        for round in 0..5 {
            for owner in round * 10..round * 10 + 10 {
                let outcome: Outcome = fixture.store.write(move |tx| insert(tx, owner, 1)).await;
                match outcome {
                    Ok(()) => acknowledged.push(owner),
                    Err(StoreError::Unavailable(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            postgres::cluster().disconnect_all();
        }
        assert!(acknowledged.len() >= 40, "at most a write or two a round may be lost: {acknowledged:?}");
        // Each reader may find its connection dead once.
        for _ in 0..3 {
            let probe: Result<(), StoreError> =
                fixture.store.read(|tx| tx.query("SELECT 1", &[]).map(drop)).await;
            drop(probe);
        }
        let stored = owners(&fixture.store).await;
        assert!(acknowledged.iter().all(|owner| stored.contains(owner)));
    });
}

#[test]
fn the_log_of_sqlite_stays_small() {
    const INSERT: &str = "INSERT INTO meta (name, value) VALUES ($1, $2)";
    const PAGES: i32 = 800;
    runtime().block_on(async {
        let fixture = Fixture::new(Engine::Sqlite, None);
        for round in 0..store::limits::WAL_STALL_PAGES * 2 / PAGES {
            let outcome: Outcome = fixture
                .store
                .write(move |tx| {
                    (0..PAGES).try_for_each(|page| {
                        let name = format!("{round} {page}");
                        tx.execute(INSERT, &[Value::Text(&name), Value::Blob(&[1; 4096])]).map(drop)
                    })
                })
                .await;
            outcome.expect("the write succeeds");
        }
        let log = fixture.data.path().join("chatters.sqlite-wal");
        let pages = log.metadata().expect("the log is there").len() / 4096;
        assert!(pages < store::limits::WAL_STALL_PAGES as u64 * 5 / 4, "{pages} pages");
    });
}

#[test]
fn a_closed_store_refuses() {
    both(|fixture| async move {
        let outcome: Outcome = fixture.store.write(|tx| insert(tx, 1, 1)).await;
        outcome.expect("the write succeeds");
        fixture.store.close();
        let outcome: Outcome = fixture.store.write(|tx| insert(tx, 2, 1)).await;
        assert!(matches!(outcome, Err(StoreError::Closed)));
        let outcome: Outcome = fixture.store.read(|_| Ok(())).await;
        assert!(matches!(outcome, Err(StoreError::Closed)));
    });
}
