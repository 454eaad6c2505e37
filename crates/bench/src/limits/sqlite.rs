//! The database engine with nothing around it, set as the server sets it.

use std::path::Path;

use rusqlite::{Connection, params};

use crate::latencies::Latencies;
use crate::system::micros;
use crate::usage::Usage;

/// Bytes of a row, and rows of a group.
const ROW: [u8; 300] = [7; 300];
const GROUP: usize = 1000;

pub struct Sqlite {
    pub rows_per_s: f64,
    pub bytes_per_row: f64,
    pub commits_per_s: f64,
    pub commit_ms: f64,
}

pub fn measure(scratch: &Path, millis: i64) -> Result<Sqlite, String> {
    let folder = tempfile::tempdir_in(scratch).map_err(|why| why.to_string())?;
    bare(&folder.path().join("bare.sqlite"), millis).map_err(|why| format!("bare SQLite: {why}"))
}

fn bare(file: &Path, millis: i64) -> rusqlite::Result<Sqlite> {
    let mut connection = Connection::open(file)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         CREATE TABLE bare (id INTEGER PRIMARY KEY, content BLOB NOT NULL) STRICT;",
    )?;
    let (begin, before, mut rows) = (micros(), Usage::own(), 0_usize);
    while micros() - begin < millis * 1000 {
        insert(&mut connection, GROUP)?;
        rows += GROUP;
    }
    let rows_per_s = rows as f64 * 1e6 / (micros() - begin) as f64;
    let bytes_per_row = Usage::own().since(before).written as f64 / rows as f64;
    let (begin, mut commits) = (micros(), Latencies::default());
    while micros() - begin < millis * 1000 {
        let one = micros();
        insert(&mut connection, 1)?;
        commits.add(micros() - one);
    }
    let seconds = (micros() - begin) as f64 / 1e6;
    let commits = commits.summary();
    Ok(Sqlite {
        rows_per_s,
        bytes_per_row,
        commits_per_s: commits.count as f64 / seconds,
        commit_ms: commits.p50,
    })
}

fn insert(connection: &mut Connection, rows: usize) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let mut statement = transaction.prepare("INSERT INTO bare (content) VALUES (?1)")?;
    for _ in 0..rows {
        statement.execute(params![&ROW[..]])?;
    }
    drop(statement);
    transaction.commit()
}
