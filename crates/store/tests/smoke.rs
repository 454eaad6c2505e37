//! Temporary: replaced by the suite that runs on both engines.
use std::sync::Arc;

use domain::Time;
use domain::testing::{ManualClock, SeededRandom};
use store::{KeyFile, Owner, RowKey, Store, StoreConfig, StoreError, Value};

#[tokio::test]
async fn write_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let root = tempfile::tempdir().unwrap();
    let config = StoreConfig::embedded(folder.path(), Arc::new(KeyFile::new(root.path().join("root.key"))));
    let clock = Arc::new(ManualClock::new(Time::from_secs(1_000)));
    let store = Store::open(&config, clock, Arc::new(SeededRandom::new(1))).unwrap();
    let outcome: Result<i64, StoreError> = store
        .write(|tx| {
            let sealed = tx.seal(Owner::User(7), "privacy", RowKey::from((7, 1)), b"secret")?;
            tx.execute(
                "INSERT INTO privacy (owner, rule, value) VALUES ($1, $2, $3)",
                &[Value::Int(7), Value::Int(1), Value::Blob(&sealed)],
            )?;
            Ok(5)
        })
        .await;
    assert_eq!(outcome.unwrap(), 5);
    let plain: Result<Vec<u8>, StoreError> = store
        .read(|tx| {
            let row = tx.query_opt("SELECT value FROM privacy WHERE owner = $1", &[Value::Int(7)])?.unwrap();
            tx.open_sealed(Owner::User(7), "privacy", RowKey::from((7, 1)), row.blob(0)?)
        })
        .await;
    assert_eq!(plain.unwrap(), b"secret");
    store.close();
}
