//! What is found in databases that are in use.

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use store::backup::{self, Examined, Kind};
use store::{Database, KeyFile, StoreError};
use testkit::postgres::Cluster;

use crate::backup::add;
use crate::support::{Engine, Fixture, both};

/// On a thread of its own: it blocks.
fn examine(kind: Kind, database: &Database) -> Examined {
    let found = std::thread::scope(|scope| scope.spawn(|| backup::examine(kind, database)).join());
    found.expect("it does not panic").expect("the database can be read")
}

fn path(database: &Database) -> &Path {
    match database {
        Database::Sqlite(path) => path,
        Database::Postgres(_) => panic!("no file"),
    }
}

#[test]
fn the_root_key_of_data_keys_is_told_from_any_other() {
    both(|fixture| async move {
        for user in 1..=3 {
            add(&fixture.store, user).await.expect("the write succeeds");
        }
        let key = |name: &str| fixture.root.path().join(name);
        let right = KeyFile::new(key("root.key"));
        assert_eq!(examine(Kind::Rows, &fixture.config.database).opened_by(&right).expect("none"), 0);
        let found = examine(Kind::Keys, &fixture.config.keys);
        assert_eq!(found.opened_by(&right).expect("they open"), 3);

        fs::write(key("other.key"), [9; 32]).expect("the file is written");
        fs::set_permissions(key("other.key"), Permissions::from_mode(0o600)).expect("it is ours");
        for name in ["other.key", "missing.key"] {
            let refused = found.opened_by(&KeyFile::new(key(name)));
            assert!(matches!(refused, Err(StoreError::RootKey(_))), "{name}: {refused:?}");
        }
        assert!(!key("missing.key").exists(), "nothing is made");

        if fixture.engine == Engine::Sqlite {
            let raw = Connection::open(path(&fixture.config.keys)).expect("the file opens");
            let moved =
                "UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE id = 2) WHERE id = 3";
            raw.execute(moved, ()).expect("a key is put in another's place");
            let refused = examine(Kind::Keys, &fixture.config.keys).opened_by(&right);
            assert!(matches!(refused, Err(StoreError::Sealed { .. })), "{refused:?}");
            let forgotten = "UPDATE data_keys SET wrapped = zeroblob(61) WHERE id = 3";
            raw.execute(forgotten, ()).expect("a key is erased");
            assert_eq!(
                examine(Kind::Keys, &fixture.config.keys).opened_by(&right).expect("the others open"),
                2
            );
        }
    });
}

#[test]
fn a_journal_that_the_server_would_not_have_is_told() {
    let fixture = Fixture::new(Engine::Sqlite, None);
    for (kind, database) in [(Kind::Rows, &fixture.config.database), (Kind::Keys, &fixture.config.keys)] {
        assert!(examine(kind, database).risks.is_empty(), "{:?}", examine(kind, database).risks);
    }
    fixture.store.close();
    let file = path(&fixture.config.database);
    let mode = |sql: &str| -> String {
        let raw = Connection::open(file).expect("the file opens");
        raw.query_row(sql, (), |row| row.get(0)).expect("there is a mode")
    };
    assert_eq!(mode("PRAGMA journal_mode = DELETE"), "delete");
    let risks = examine(Kind::Rows, &fixture.config.database).risks;
    assert!(matches!(risks.as_slice(), [one] if one.contains("\"delete\"")), "{risks:?}");
    assert_eq!(mode("PRAGMA journal_mode"), "delete", "nothing is changed");
}

#[test]
fn a_database_that_may_lose_writes_is_told() {
    let mut fixture = Fixture::new(Engine::Postgres, None);
    fixture.store.close();
    let cluster = Cluster::start();
    fixture.config.database = Database::Postgres(cluster.database());
    fixture.config.keys = Database::Postgres(cluster.database());
    fixture.store = fixture.try_open().expect("the store opens");
    assert!(examine(Kind::Rows, &fixture.config.database).risks.is_empty());
    let settings = cluster.files().join("data").join("postgresql.auto.conf");
    let mut settings = fs::File::options().append(true).open(settings).expect("the settings are there");
    settings.write_all(b"full_page_writes = off\n").expect("they are written");
    crate::support::runtime().block_on(async {
        let reload = |tx: &mut store::Tx<'_>| -> Result<(), StoreError> {
            tx.query("SELECT CAST(pg_reload_conf() AS TEXT)", &[]).map(drop)
        };
        fixture.store.read(reload).await.expect("the database is told");
    });
    for _ in 0..100 {
        let risks = examine(Kind::Rows, &fixture.config.database).risks;
        if let [one] = risks.as_slice() {
            assert!(one.contains("full_page_writes is off"), "{one}");
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it is not told");
}
