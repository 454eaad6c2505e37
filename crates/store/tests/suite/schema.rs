//! The schema, its history, and the catalogue that explains it.

use std::collections::BTreeMap;

use store::catalogue::{Protection, TABLES};
use store::{Row, StoreError, Value};

use crate::support::{Engine, both};

const SQLITE_COLUMNS: &str = "SELECT tables.name, columns.name, columns.type FROM sqlite_schema AS tables \
     JOIN pragma_table_info(tables.name) AS columns WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite%'";
const POSTGRES_COLUMNS: &str = "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), \
     CAST(UPPER(data_type) AS TEXT) FROM information_schema.columns WHERE table_schema = 'public'";

#[test]
fn the_catalogue_explains_every_column() {
    both(|fixture| async move {
        let sql = if fixture.engine == Engine::Sqlite { SQLITE_COLUMNS } else { POSTGRES_COLUMNS };
        let rows: Result<Vec<Row>, StoreError> = fixture.store.read(move |tx| tx.query(sql, &[])).await;
        let mut schema = BTreeMap::new();
        for row in rows.expect("the read succeeds") {
            let place = format!("{}.{}", row.text(0).expect("a name"), row.text(1).expect("a name"));
            schema.insert(place, row.text(2).expect("a type").to_owned());
        }
        for table in TABLES {
            assert!(![table.owner, table.purpose, table.retention].contains(&""), "{}", table.name);
            for column in table.columns {
                let place = format!("{}.{}", table.name, column.name);
                let kind = schema.remove(&place);
                let kind =
                    kind.unwrap_or_else(|| panic!("{place} is in the catalogue and not in the schema"));
                let bytes = ["BLOB", "BYTEA"].contains(&kind.as_str());
                assert!(bytes || ["BIGINT", "TEXT"].contains(&kind.as_str()), "{place} has the type {kind}");
                match column.protection {
                    Protection::Sealed | Protection::Hashed => assert!(bytes, "{place} has the type {kind}"),
                    Protection::Plain(reason) => assert!(!reason.is_empty(), "{place} needs a reason"),
                }
            }
        }
        assert!(schema.is_empty(), "not in the catalogue: {:?}", schema.keys());
    });
}

#[test]
fn migrations_run_once_and_never_backwards() {
    both(|mut fixture| async move {
        fixture.reopen();
        let add = |number: i64| {
            let store = fixture.store.clone();
            async move {
                let outcome: Result<(), StoreError> = store
                    .write(move |tx| {
                        const INSERT: &str =
                            "INSERT INTO migrations (number, checksum, applied_at) VALUES ($1, $2, 0)";
                        tx.execute(INSERT, &[Value::Int(number), Value::Blob(b"other")]).map(drop)
                    })
                    .await;
                outcome.expect("the write succeeds");
            }
        };
        add(1_000_000).await;
        let refused = fixture.try_open().err();
        assert!(matches!(refused, Some(StoreError::Newer { found: 1_000_000, .. })), "{refused:?}");
        let outcome: Result<(), StoreError> = fixture
            .store
            .write(|tx| {
                tx.execute("DELETE FROM migrations WHERE number = 1000000", &[])?;
                tx.execute("UPDATE migrations SET checksum = $1 WHERE number = 1", &[Value::Blob(b"other")])?;
                Ok(())
            })
            .await;
        outcome.expect("the write succeeds");
        let refused = fixture.try_open().err();
        assert!(matches!(refused, Some(StoreError::MigrationChanged(1))), "{refused:?}");
    });
}

#[test]
fn two_nodes_can_start_at_once() {
    both(|fixture| async move {
        let stores: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| fixture.try_open())).collect();
            starts.into_iter().map(|start| start.join().expect("no panic")).collect()
        });
        for store in stores {
            store.expect("every node starts").close();
        }
    });
}
