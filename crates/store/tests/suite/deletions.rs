//! Deleting accounts: final at once, wherever it is interrupted, and in every backup of the rows.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Peer, Time, UserId};
use rusqlite::Connection;
use store::contacts::{self, Entry};
use store::dialogs;
use store::messages::{self, Message};
use store::scheduled::{self, Scheduled};
use store::users::{self, Account, Profile};
use store::{CommitFate, Faults, Store, StoreError, Tx, boxes, deletions, privacy, settings, shreds};

use crate::support::{Engine, Fixture, both, contains, message, runtime};
use crate::vault::{back_up, restore};

const ANN: UserId = UserId(1_000_000_001);
const BOB: UserId = UserId(1_000_000_002);
const NOTES: i32 = 700;
const COUNT: &str = "SELECT (SELECT COUNT(*) FROM messages WHERE owner = $1) \
     + (SELECT COUNT(*) FROM contacts WHERE owner = $1) + (SELECT COUNT(*) FROM dialogs WHERE owner = $1) \
     + (SELECT COUNT(*) FROM settings WHERE owner = $1) + (SELECT COUNT(*) FROM privacy WHERE owner = $1) \
     + (SELECT COUNT(*) FROM scheduled WHERE owner = $1) + (SELECT COUNT(*) FROM boxes WHERE owner = $1) \
     + (SELECT COUNT(*) FROM deletions WHERE user_id = $1)";

fn canary(of: UserId) -> String {
    format!("canary of {}", of.0)
}

/// An account with something of every kind.
fn fill(tx: &mut Tx<'_>, user: UserId, partner: UserId) -> Result<(), StoreError> {
    let text = canary(user);
    let profile = Profile {
        phone: format!("+{}", user.0),
        first_name: text.clone(),
        username: format!("user_{}", user.0),
        ..Profile::default()
    };
    users::insert(tx, user, &profile, 0)?;
    let peer = Peer::User(partner);
    boxes::allocate(tx, user, NOTES, NOTES)?;
    for id in 1..=NOTES {
        let bare = message(tx, user, peer, id, id);
        let message = Message { twin: Some(id), content: text.clone().into_bytes(), ..bare };
        messages::insert(tx, message)?;
    }
    dialogs::sent(tx, user, peer, NOTES, tx.now())?;
    dialogs::set_draft(tx, user, peer, Some(text.as_bytes()))?;
    let entry = Entry { phone: "+15550100099".to_owned(), first_name: text.clone(), ..Entry::default() };
    contacts::upsert(tx, user, None, &entry)?;
    settings::set(tx, user, "global privacy", text.as_bytes())?;
    privacy::set_rules(tx, user, 1, text.as_bytes())?;
    let later = Scheduled {
        owner: user,
        id: 1,
        peer,
        date: tx.now().plus_secs(60),
        edit_date: None,
        flags: 0,
        random_id: None,
        reply_to: None,
        content: text.into_bytes(),
    };
    scheduled::insert(tx, &later)
}

async fn people(store: &Store) {
    for (user, partner) in [(ANN, BOB), (BOB, ANN)] {
        store.write(move |tx| fill(tx, user, partner)).await.expect("an account");
    }
}

async fn begin(store: &Store, user: UserId) -> Result<bool, StoreError> {
    store.write(move |tx| deletions::begin(tx, user, None)).await
}

async fn left(store: &Store, user: UserId) -> i64 {
    let rows = store.read(move |tx| tx.query(COUNT, &[store::Value::Int(user.0)])).await;
    let rows: Vec<store::Row> = rows.map_err(|error: StoreError| error).expect("the read succeeds");
    rows[0].int(0).expect("a number")
}

/// What can be read of somebody, place by place.
fn readable(tx: &mut Tx<'_>, user: UserId, partner: UserId) -> Result<Vec<&'static str>, StoreError> {
    let mut found = Vec::new();
    let text = canary(user);
    if users::get(tx, user)?.is_some_and(|row| row.profile.first_name == text) {
        found.push("profile");
    }
    let opened = |outcome: Result<bool, StoreError>| match outcome {
        Err(StoreError::Shredded) => Ok(false),
        other => other,
    };
    if opened(messages::get(tx, user, 1).map(|row| row.is_some()))? {
        found.push("message");
    }
    if dialogs::get(tx, user, partner.into())?.is_some_and(|dialog| dialog.draft.is_some()) {
        found.push("draft");
    }
    if opened(contacts::all(tx, user).map(|all| !all.is_empty()))? {
        found.push("contact");
    }
    if settings::get(tx, user, "global privacy")?.is_some() {
        found.push("setting");
    }
    if privacy::rules(tx, user, 1)?.is_some() {
        found.push("rule");
    }
    if opened(scheduled::get(tx, user, 1).map(|row| row.is_some()))? {
        found.push("scheduled message");
    }
    Ok(found)
}

const ALL: [&str; 7] = ["profile", "message", "draft", "contact", "setting", "rule", "scheduled message"];

async fn read_all(store: &Store, user: UserId, partner: UserId) -> Vec<&'static str> {
    store.read(move |tx| readable(tx, user, partner)).await.expect("the read succeeds")
}

#[test]
fn a_deletion_goes_on_where_a_crash_interrupted_it() {
    const LIMIT: i64 = 100;
    both(|mut fixture| async move {
        people(&fixture.store).await;
        assert!(begin(&fixture.store, ANN).await.unwrap());
        assert!(!begin(&fixture.store, ANN).await.unwrap(), "once is enough");
        let mut pieces = 0;
        loop {
            fixture.reopen();
            let store = &fixture.store;
            assert_eq!(read_all(store, ANN, BOB).await, [] as [&str; 0], "gone from the first moment on");
            let waiting: Vec<UserId> = store.read(|tx| deletions::pending(tx, 10)).await.unwrap();
            if waiting.is_empty() {
                break;
            }
            assert_eq!(waiting, [ANN]);
            // One that is undone, as by a crash in its middle, changes nothing.
            let before = left(store, ANN).await;
            let undone: Result<(), StoreError> = store
                .write(|tx| {
                    deletions::sweep(tx, ANN, LIMIT)?;
                    Err(StoreError::Closed)
                })
                .await;
            assert!(undone.is_err());
            assert_eq!(left(store, ANN).await, before);
            let piece = |tx: &mut Tx<'_>| -> Result<bool, StoreError> {
                for peer in deletions::partners(tx, ANN, LIMIT)? {
                    deletions::leave(tx, ANN, peer)?;
                }
                deletions::sweep(tx, ANN, LIMIT)
            };
            store.write(piece).await.unwrap();
            let gone = before - left(store, ANN).await;
            assert!(gone > 0 && gone <= LIMIT + 3, "{gone} rows in one piece");
            pieces += 1;
            assert!(pieces < 20);
        }
        assert!(pieces >= 7, "{pieces} pieces");
        assert_eq!(left(&fixture.store, ANN).await, 0);
        assert_eq!(read_all(&fixture.store, BOB, ANN).await, ALL, "others keep everything");
        let found = fixture.store.read(|tx| users::find(tx, ANN)).await.unwrap();
        assert!(matches!(found, Account::Deleted));
        let profile = Profile { phone: format!("+{}", ANN.0), ..Profile::default() };
        let again = fixture.store.write(move |tx| users::insert(tx, UserId(1_000_000_003), &profile, 0));
        again.await.expect("the number is free");
    });
}

#[test]
fn what_was_deleted_cannot_be_read_in_a_backup_from_before() {
    both(|mut fixture| async move {
        let folder = tempfile::tempdir().unwrap();
        people(&fixture.store).await;
        assert_eq!(read_all(&fixture.store, ANN, BOB).await, ALL);
        fixture.store.close();
        let dump = back_up(&fixture, folder.path());
        fixture.store = fixture.try_open().unwrap();
        assert!(begin(&fixture.store, ANN).await.unwrap());

        // The rows of before, and everything that the server has now: data keys and root key.
        restore(&mut fixture, folder.path(), dump.as_deref());
        let store = &fixture.store;
        assert!(left(store, ANN).await > i64::from(NOTES), "the rows are all there");
        assert_eq!(read_all(store, ANN, BOB).await, [] as [&str; 0]);
        assert_eq!(read_all(store, BOB, ANN).await, ALL, "those of others open");
        let gone: Vec<UserId> = store.read(|tx| tx.shredded_users(UserId(0), 10)).await.unwrap();
        assert_eq!(gone, [ANN], "the data keys know who is gone");
        assert!(matches!(store.read(|tx| users::find(tx, ANN)).await.unwrap(), Account::Deleted));
        assert!(begin(store, ANN).await.unwrap(), "and the rows can be deleted again");
    });
}

/// Commits fare as they are told to.
#[derive(Default)]
struct Scripted(Mutex<VecDeque<CommitFate>>);

impl Faults for Scripted {
    fn on_commit(&self, _writes: usize) -> CommitFate {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or(CommitFate::Commit)
    }
}

#[test]
fn a_deletion_whose_commit_nobody_heard_of_is_there_whole_or_not_at_all() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let faults = Arc::new(Scripted::default());
        let fixture = Fixture::new(engine, Some(faults.clone()));
        runtime().block_on(async {
            people(&fixture.store).await;
            let fate = |fate| faults.0.lock().unwrap().push_back(fate);
            fate(CommitFate::Fail);
            assert!(begin(&fixture.store, ANN).await.is_err());
            assert_eq!(read_all(&fixture.store, ANN, BOB).await, ALL, "nothing has happened");
            fate(CommitFate::CommitUnheard);
            assert!(begin(&fixture.store, ANN).await.is_err());
            // The writer has finished it before its next write.
            assert!(!begin(&fixture.store, ANN).await.unwrap());
            assert_eq!(read_all(&fixture.store, ANN, BOB).await, [] as [&str; 0]);
            let gone: Vec<UserId> = fixture.store.read(|tx| tx.shredded_users(UserId(0), 10)).await.unwrap();
            assert_eq!(gone, [ANN]);
        });
    }
}

/// A backup of the data keys reads their file while one of them is to go.
#[test]
fn a_data_key_that_somebody_reads_is_wiped_from_the_disk_once_they_are_done() {
    let fixture = Fixture::new(Engine::Sqlite, None);
    runtime().block_on(async {
        people(&fixture.store).await;
        let path = fixture.data.path().join("keys.sqlite");
        let reader = Connection::open(&path).unwrap();
        let select = "SELECT wrapped FROM data_keys WHERE kind = 1 AND id = 1000000001";
        let key: Vec<u8> = reader.query_row(select, (), |row| row.get(0)).unwrap();
        let raw = || {
            let log = std::fs::read(fixture.data.path().join("keys.sqlite-wal")).unwrap_or_default();
            [std::fs::read(&path).unwrap(), log].concat()
        };
        reader.execute_batch("BEGIN").unwrap();
        reader.query_row(select, (), |row| row.get::<_, Vec<u8>>(0)).unwrap();

        assert!(begin(&fixture.store, ANN).await.unwrap());
        assert_eq!(read_all(&fixture.store, ANN, BOB).await, [] as [&str; 0], "of no use from now on");
        assert!(contains(&raw(), &key[13..29]), "but still on the disk");
        let ever = Time(i64::MAX);
        let waiting = fixture.store.read(move |tx| shreds::waiting(tx, ever, 10)).await.unwrap();
        assert_eq!(waiting, [store::Owner::User(ANN.0)]);

        reader.execute_batch("COMMIT").unwrap();
        drop(reader);
        let again: Result<(), StoreError> =
            fixture.store.write(|tx| tx.shred(store::Owner::User(ANN.0))).await;
        again.unwrap();
        assert!(!contains(&raw(), &key[13..29]));
        assert!(fixture.store.read(move |tx| shreds::waiting(tx, ever, 10)).await.unwrap().is_empty());
    });
}
