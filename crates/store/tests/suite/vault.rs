//! Encryption at rest: sealed bytes stay where they belong, and can be made to mean nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use store::{Database, Owner, Row, RowKey, SEAL_OVERHEAD, Store, StoreError, Value};
use testkit::postgres;

use crate::support::{Engine, Fixture, both, contains};

const INSERT: &str = "INSERT INTO privacy (owner, rule, value) VALUES ($1, $2, $3)";
const SELECT: &str = "SELECT value FROM privacy WHERE owner = $1 AND rule = $2";

type Plain = Result<Vec<u8>, StoreError>;

async fn put(store: &Store, user: i64, rule: i64, plain: &'static [u8]) {
    let outcome: Result<(), StoreError> = store
        .write(move |tx| {
            let sealed = tx.seal(Owner::User(user), "privacy", RowKey::from((user, rule)), plain)?;
            assert_eq!(sealed.len(), plain.len() + SEAL_OVERHEAD);
            tx.changes(domain::UserId(user));
            tx.execute(INSERT, &[Value::Int(user), Value::Int(rule), Value::Blob(&sealed)]).map(drop)
        })
        .await;
    outcome.expect("the write succeeds");
}

async fn get(store: &Store, user: i64, rule: i64) -> Plain {
    store
        .read(move |tx| {
            let row: Option<Row> = tx.query_opt(SELECT, &[Value::Int(user), Value::Int(rule)])?;
            let row = row.ok_or(StoreError::Closed)?;
            tx.open_sealed(Owner::User(user), "privacy", RowKey::from((user, rule)), row.blob(0)?)
        })
        .await
}

async fn shred(store: &Store, user: i64) {
    let outcome: Result<(), StoreError> = store.write(move |tx| tx.shred(Owner::User(user))).await;
    outcome.expect("the write succeeds");
}

#[test]
fn sealed_bytes_open_only_where_they_belong() {
    both(|fixture| async move {
        let outcome: Result<(), StoreError> = fixture
            .store
            .write(|tx| {
                let owner = Owner::User(7);
                let row = RowKey::from((7, 1));
                let plain = b"who may call me";
                let sealed = tx.seal(owner, "privacy", row, plain)?;
                assert_eq!(tx.open_sealed(owner, "privacy", row, &sealed)?, plain);
                assert_ne!(tx.seal(owner, "privacy", row, plain)?, sealed, "nonces differ");
                let refused = |outcome: Plain| matches!(outcome, Err(StoreError::Sealed { .. }));
                tx.seal(Owner::User(8), "privacy", row, plain)?;
                tx.seal(Owner::Chat(7), "privacy", row, plain)?;
                assert!(refused(tx.open_sealed(owner, "settings", row, &sealed)), "another table");
                assert!(refused(tx.open_sealed(owner, "privacy.value", row, &sealed)), "another place");
                assert!(refused(tx.open_sealed(Owner::User(8), "privacy", row, &sealed)), "another user");
                assert!(refused(tx.open_sealed(Owner::Chat(7), "privacy", row, &sealed)), "another kind");
                assert!(
                    refused(tx.open_sealed(owner, "privacy", RowKey::from((7, 2)), &sealed)),
                    "another row"
                );
                for index in 0..sealed.len() {
                    let mut damaged = sealed.clone();
                    damaged[index] ^= 1;
                    assert!(refused(tx.open_sealed(owner, "privacy", row, &damaged)), "byte {index}");
                    assert!(
                        refused(tx.open_sealed(owner, "privacy", row, &sealed[..index])),
                        "cut at {index}"
                    );
                }
                let unknown = tx.open_sealed(Owner::User(9), "privacy", row, &sealed);
                assert!(matches!(unknown, Err(StoreError::Shredded)), "no key for this user: {unknown:?}");
                Ok(())
            })
            .await;
        outcome.expect("the write succeeds");
    });
}

#[test]
fn keys_and_hashes_survive_a_restart() {
    both(|mut fixture| async move {
        put(&fixture.store, 7, 1, b"before").await;
        let facts = |store: &Store| {
            let vault = store.vault();
            (vault.keyed_hash("phone", b"+1"), vault.derive("server salts"))
        };
        let before = facts(&fixture.store);
        fixture.reopen();
        assert_eq!(get(&fixture.store, 7, 1).await.expect("it opens"), b"before");
        assert!(facts(&fixture.store) == before, "derived values are the same");
        let vault = fixture.store.vault();
        assert_ne!(vault.keyed_hash("phone", b"+1"), vault.keyed_hash("username", b"+1"));
        assert_ne!(vault.keyed_hash("phone", b"+1"), vault.keyed_hash("phone", b"+2"));
        assert!(vault.derive("a") != vault.derive("b"));
        let other = Fixture::new(fixture.engine, None);
        assert!(facts(&other.store) != before, "another root key, other values");
    });
}

#[test]
fn the_root_key_is_kept_apart_and_checked() {
    both(|fixture| async move {
        let path = fixture.root.path().join("root.key");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let key = fs::read(&path).unwrap();
        assert_eq!(key.len(), 32);
        put(&fixture.store, 7, 1, b"content").await;
        fixture.store.close();
        assert!(!contains(&fixture.raw(), &key), "the root key is in no database file");
        let refused = |why: &str| {
            let error = fixture.try_open().err();
            assert!(matches!(error, Some(StoreError::RootKey(_))), "{why}: {error:?}");
        };
        fs::write(&path, [1; 32]).unwrap();
        refused("another key");
        fs::write(&path, &key[..31]).unwrap();
        refused("a short key");
        fs::write(&path, [key.as_slice(), b"x"].concat()).unwrap();
        refused("a long key");
        fs::remove_file(&path).unwrap();
        refused("no key");
        assert!(!path.exists(), "a lost key is not replaced by a new one");
        fs::write(&path, &key).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        refused("a key that others may read");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let store = fixture.try_open().expect("the right key opens");
        assert_eq!(get(&store, 7, 1).await.expect("it opens"), b"content");
    });
}

#[test]
fn rows_and_keys_belong_together() {
    both(|mut fixture| async move {
        fixture.store.close();
        let other = Fixture::new(fixture.engine, None);
        fixture.config.keys = other.config.keys.clone();
        fixture.config.root = other.config.root.clone();
        let refused = fixture.try_open().err();
        assert!(matches!(refused, Some(StoreError::RootKey(_))), "{refused:?}");
    });
}

/// Copies the database of the rows, as a backup would.
pub(crate) fn back_up(fixture: &Fixture, folder: &Path) -> Option<String> {
    match &fixture.config.database {
        Database::Postgres(url) => Some(postgres::cluster().dump(url)),
        Database::Sqlite(path) => {
            fs::copy(path, folder.join("backup")).expect("the closed file can be copied");
            None
        }
    }
}

pub(crate) fn restore(fixture: &mut Fixture, folder: &Path, dump: Option<&str>) {
    fixture.config.database = match dump {
        Some(dump) => {
            let url = postgres::database();
            postgres::cluster().load(&url, dump);
            Database::Postgres(url)
        }
        None => Database::Sqlite(folder.join("backup")),
    };
    fixture.store.close();
    fixture.store = fixture.try_open().expect("the backup opens");
}

#[test]
fn what_is_shredded_stays_shredded_in_backups() {
    both(|mut fixture| async move {
        let folder = tempfile::tempdir().unwrap();
        put(&fixture.store, 7, 1, b"to be forgotten").await;
        put(&fixture.store, 8, 1, b"to be kept").await;
        fixture.store.close();
        let dump = back_up(&fixture, folder.path());
        fixture.store = fixture.try_open().unwrap();
        assert_eq!(get(&fixture.store, 7, 1).await.expect("it opens"), b"to be forgotten");
        shred(&fixture.store, 7).await;
        let gone = |outcome: Plain| matches!(outcome, Err(StoreError::Shredded));
        assert!(gone(get(&fixture.store, 7, 1).await), "at once");
        fixture.reopen();
        assert!(gone(get(&fixture.store, 7, 1).await), "after a restart");
        restore(&mut fixture, folder.path(), dump.as_deref());
        assert!(gone(get(&fixture.store, 7, 1).await), "from a backup");
        assert_eq!(get(&fixture.store, 8, 1).await.expect("it opens"), b"to be kept");
        let again: Plain =
            fixture.store.write(|tx| tx.seal(Owner::User(7), "privacy", RowKey::from((7, 2)), b"late")).await;
        assert!(gone(again), "no new key for a forgotten owner");
    });
}

#[test]
fn a_shred_that_is_undone_does_nothing() {
    both(|fixture| async move {
        put(&fixture.store, 7, 1, b"still here").await;
        let outcome: Result<(), StoreError> = fixture
            .store
            .write(|tx| {
                tx.shred(Owner::User(7))?;
                Err(StoreError::Closed)
            })
            .await;
        assert!(outcome.is_err());
        assert_eq!(get(&fixture.store, 7, 1).await.expect("it opens"), b"still here");
    });
}

#[test]
fn a_shred_is_finished_after_a_crash() {
    both(|mut fixture| async move {
        put(&fixture.store, 7, 1, b"content").await;
        // What a crash between the commit and the deletion of the key leaves behind.
        let outcome: Result<u64, StoreError> = fixture
            .store
            .write(|tx| {
                tx.execute("INSERT INTO shreds (owner_kind, owner_id, asked_at) VALUES (1, 7, 0)", &[])
            })
            .await;
        outcome.expect("the write succeeds");
        assert!(get(&fixture.store, 7, 1).await.is_ok());
        fixture.reopen();
        // The writer finishes it before its first write.
        put(&fixture.store, 8, 1, b"content").await;
        assert!(matches!(get(&fixture.store, 7, 1).await, Err(StoreError::Shredded)));
        let rows: Result<Vec<Row>, StoreError> =
            fixture.store.read(|tx| tx.query("SELECT owner_id FROM shreds", &[])).await;
        assert!(rows.expect("the read succeeds").is_empty());
    });
}

#[test]
fn a_forgotten_key_leaves_no_copy_in_the_key_file() {
    use rusqlite::Connection;
    let wrapped = |fixture: &Fixture, users: &[i64]| -> Vec<Vec<u8>> {
        let keys = Connection::open(fixture.data.path().join("keys.sqlite")).unwrap();
        let mut select = keys.prepare("SELECT wrapped FROM data_keys WHERE kind = 1 AND id = ?1").unwrap();
        users.iter().map(|user| select.query_row([user], |row| row.get(0)).unwrap()).collect()
    };
    crate::support::runtime().block_on(async {
        let fixture = Fixture::new(Engine::Sqlite, None);
        for user in 1..=500 {
            // Not in order, so that the index is rebuilt again and again.
            put(&fixture.store, user * 7919 % 503, 1, b"content").await;
        }
        let victims = [3, 77, 250, 499];
        let keys = wrapped(&fixture, &victims);
        let raw = || {
            let mut bytes = fs::read(fixture.data.path().join("keys.sqlite")).unwrap();
            bytes.extend(fs::read(fixture.data.path().join("keys.sqlite-wal")).unwrap_or_default());
            bytes
        };
        assert!(keys.iter().all(|key| contains(&raw(), key)), "the search can find keys");
        for user in victims {
            shred(&fixture.store, user).await;
        }
        let after = raw();
        for (user, key) in victims.iter().zip(&keys) {
            assert!(!contains(&after, &key[13..29]), "a part of the key of {user} is left");
        }
        assert!(get(&fixture.store, 4, 1).await.is_ok(), "others keep theirs");
    });
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Base64 of the middle of a text, at each of the three places it can start in.
fn base64(bytes: &[u8]) -> Vec<Vec<u8>> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let encode = |bytes: &[u8]| -> Vec<u8> {
        let (groups, _) = bytes.as_chunks::<3>();
        let words = groups.iter().map(|&[a, b, c]| u32::from_be_bytes([0, a, b, c]));
        words.flat_map(|word| [18, 12, 6, 0].map(|shift| LETTERS[(word >> shift) as usize & 63])).collect()
    };
    (0..3).map(|skip| encode(&bytes[skip..])).collect()
}

#[test]
fn no_plain_text_reaches_the_disk() {
    const CANARY: &[u8] = b"CanaryInTheCoalMine-4f1d7";
    both(|fixture| async move {
        put(&fixture.store, 7, 1, CANARY).await;
        let outcome: Result<(), StoreError> = fixture
            .store
            .write(|tx| {
                let hash = tx.keyed_hash("phone", CANARY);
                tx.execute(
                    "INSERT INTO counters (name, window_start, count) VALUES ($1, 0, 0)",
                    &[Value::Blob(&hash)],
                )?;
                tx.execute(
                    "INSERT INTO meta (name, value) VALUES ('marker', $1)",
                    &[Value::Blob(b"SeenOnDisk-77")],
                )?;
                Ok(())
            })
            .await;
        outcome.expect("the write succeeds");
        let check = |when: &str| {
            let raw = fixture.raw();
            assert!(contains(&raw, b"SeenOnDisk-77"), "{when}: the search looks into the right files");
            let text = std::str::from_utf8(CANARY).unwrap();
            let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let mut forms = vec![CANARY.to_vec(), utf16, hex(CANARY).into_bytes()];
            forms.push(hex(CANARY).to_uppercase().into_bytes());
            forms.extend(base64(CANARY));
            for form in forms {
                assert!(!contains(&raw, &form), "{when}: found {}", String::from_utf8_lossy(&form));
            }
        };
        check("in the log");
        fixture.store.close();
        check("after closing");
    });
}
