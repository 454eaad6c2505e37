//! A SQLite file, copied page by page while others write it.

use std::path::Path;
use std::time::Duration;

use domain::Clock;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::{BackupError, Copied, Kind, Looked, Manifest, Shape, folder, leap, sqlite_failure};
use crate::limits;
use crate::vault::Wrapped;

fn file_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Rows => "rows.sqlite",
        Kind::Keys => "keys.sqlite",
    }
}

/// Copies the database as it is at one moment. Writers go on meanwhile; the log grows until the copy is
/// done, because it cannot be folded past what the copy reads.
pub(super) fn copy(
    from: &Path,
    folder: &Path,
    kind: Kind,
    shapes: &[Shape],
    clock: &dyn Clock,
) -> Result<Copied, BackupError> {
    let to = folder.join(file_name(kind));
    let source = open(from)?;
    source.execute_batch("BEGIN").map_err(sqlite_failure)?;
    let before = clock.now();
    // The first read is what takes the snapshot; without an open transaction the copy would begin anew with
    // each write of the server.
    let _: i64 = source
        .query_row("SELECT COUNT(*) FROM sqlite_schema", (), |row| row.get(0))
        .map_err(sqlite_failure)?;
    let after = clock.now();
    drop(folder::create(&to)?);
    let mut target = Connection::open(&to).map_err(sqlite_failure)?;
    run(&source, &mut target).map_err(sqlite_failure)?;
    source.execute_batch("ROLLBACK").map_err(sqlite_failure)?;
    // One file, not three.
    target.execute_batch("PRAGMA journal_mode = DELETE").map_err(sqlite_failure)?;
    sound(&target, &to)?;
    let mut rows = Vec::new();
    for shape in shapes {
        let sql = format!("SELECT COUNT(*) FROM {}", shape.name);
        let count: i64 = target
            .query_row(&sql, (), |row| row.get(0))
            .map_err(|why| BackupError::file(from, format!("has not the tables of this version: {why}")))?;
        rows.push((shape.name, count.cast_unsigned()));
    }
    Ok(Copied {
        vault: vault(&target, kind)?,
        migrations: match kind {
            Kind::Rows => checksums(&target).map_err(sqlite_failure)?,
            Kind::Keys => Vec::new(),
        },
        rows,
        taken_at: match kind {
            Kind::Rows => after,
            Kind::Keys => before,
        },
    })
}

/// A connection to a database that is there, for reading only.
fn open(path: &Path) -> Result<Connection, BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|_| BackupError::file(path, "is not there, or cannot be opened"))?;
    let setup = |connection: &Connection| {
        connection.busy_timeout(Duration::from_millis(limits::ENGINE_WAIT_MS))?;
        connection.execute_batch("PRAGMA query_only = ON")
    };
    setup(&connection).map_err(sqlite_failure)?;
    Ok(connection)
}

/// What is in a database that is sound.
pub(super) fn examine(path: &Path, kind: Kind) -> Result<Looked, BackupError> {
    let connection = open(path)?;
    sound(&connection, path)?;
    let (checksums, wrapped) = match kind {
        Kind::Rows => (checksums(&connection).map_err(sqlite_failure)?, None),
        Kind::Keys => (Vec::new(), Some(wrapped(&connection).map_err(sqlite_failure)?)),
    };
    let risks = risks(&connection).map_err(sqlite_failure)?;
    Ok(Looked { vault: vault(&connection, kind)?, checksums, risks, wrapped })
}

/// Where this database would not do what the server asks of it when it opens one.
fn risks(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut risks = Vec::new();
    let journal: String = connection.query_row("PRAGMA journal_mode", (), |row| row.get(0))?;
    if journal != "wal" {
        risks.push(format!(
            "its journal is \"{journal}\": the next start makes it \"wal\"; if it stays, the file system cannot \
             do that (a network drive?), and the data folder has to be on another one"
        ));
    }
    // Of a connection, not of the file: set as the server sets it.
    connection.execute_batch("PRAGMA synchronous = FULL")?;
    let synchronous: i64 = connection.query_row("PRAGMA synchronous", (), |row| row.get(0))?;
    if synchronous < 2 {
        risks.push("it cannot be told to wait for the disk at each commit".to_owned());
    }
    Ok(risks)
}

fn wrapped(connection: &Connection) -> rusqlite::Result<Wrapped> {
    let proof = connection.query_row("SELECT proof FROM identity WHERE seq = 1", (), |row| row.get(0))?;
    let mut keys =
        connection.prepare("SELECT kind, id, wrapped FROM data_keys ORDER BY kind, id LIMIT ?1")?;
    let keys = keys.query_map([limits::EXAMINED_KEYS], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(Wrapped { proof, keys: keys.collect::<rusqlite::Result<_>>()? })
}

fn run(source: &Connection, target: &mut Connection) -> rusqlite::Result<()> {
    let backup = Backup::new(source, target)?;
    loop {
        match backup.step(limits::BACKUP_STEP_PAGES)? {
            StepResult::Done => return Ok(()),
            StepResult::Busy | StepResult::Locked => std::thread::sleep(Duration::from_millis(10)),
            _ => {}
        }
    }
}

/// A copy that SQLite itself finds fault with is none.
fn sound(connection: &Connection, path: &Path) -> Result<(), BackupError> {
    let verdict: String =
        connection.query_row("PRAGMA quick_check(1)", (), |row| row.get(0)).map_err(sqlite_failure)?;
    if verdict == "ok" { Ok(()) } else { Err(BackupError::file(path, "the database is damaged")) }
}

fn vault(connection: &Connection, kind: Kind) -> Result<Vec<u8>, BackupError> {
    let sql = match kind {
        Kind::Rows => "SELECT value FROM meta WHERE name = 'data keys'",
        Kind::Keys => "SELECT id FROM identity WHERE seq = 1",
    };
    connection.query_row(sql, (), |row| row.get(0)).map_err(sqlite_failure)
}

fn checksums(connection: &Connection) -> rusqlite::Result<Vec<Vec<u8>>> {
    let sql = "SELECT checksum FROM migrations WHERE number > 0 ORDER BY number";
    connection.prepare(sql)?.query_map((), |row| row.get(0))?.collect()
}

/// Puts the file of a backup at its place, ready for a server.
pub(super) fn place(from: &Path, to: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let name = file_name(manifest.kind);
    if manifest.files.len() != 1 || manifest.files[0].name != name {
        return Err(BackupError::file(from, format!("has not the one file {name}")));
    }
    folder::copy(&from.join(name), to)?;
    let copied = folder::describe_file(to)?;
    if copied.sha256 != manifest.files[0].sha256 {
        return Err(BackupError::file(to, "was not copied as it is"));
    }
    let connection = Connection::open(to).map_err(sqlite_failure)?;
    sound(&connection, to)?;
    if super::manifest::hex(&vault(&connection, manifest.kind)?) != manifest.vault {
        return Err(BackupError::file(from, "the manifest is not that of the file"));
    }
    if manifest.kind == Kind::Rows {
        connection.execute_batch(&leap()).map_err(sqlite_failure)?;
    }
    Ok(())
}
