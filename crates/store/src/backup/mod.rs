//! Backups that are taken while the server runs, and their way back into an empty place.
//!
//! Rows and wrapped data keys are two backups in two folders, because they are kept apart and for
//! different times (ARCHITECTURE.md, "Keys"). What makes them fit:
//!
//! - A data key is durable before the first row that it seals (`Vault::flush` comes before the commit). So a
//!   copy of the keys that begins when the copy of the rows has its snapshot holds the key of every row.
//! - The manifest of the rows names a time after their snapshot, that of the keys one before theirs. Restoring
//!   refuses keys that are older than the rows: accounts could not be read, and what was shredded in
//!   between would come back.
//! - Both name the same vault: the random identity that rows and data keys of a database share.
//!
//! A backup is a folder with its files and `manifest.json`. It is made beside its place, as `NAME.part`, and
//! gets its name when it is whole. This is the one way around [`crate::Tx`] by which rows leave the store; they
//! leave as they lie on disk, sealed.

mod folder;
mod manifest;
mod postgres;
mod sqlite;

use std::path::{Path, PathBuf};

use domain::{Clock, Time};

pub use self::manifest::{EngineName, FORMAT, FileEntry, Kind, Manifest};
use crate::engine::sqlite::failure;
use crate::vault::{self, Wrapped};
use crate::{Database, RootKeys, StoreError, catalogue, limits, migrations};

/// Why there is no backup, or nothing was restored. No text in here holds a value of a row.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{path}: {why}")]
    File { path: PathBuf, why: String },
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The backup is damaged, of another server, or not of this program.
    #[error("{0}")]
    Refused(String),
}

impl BackupError {
    fn file(path: &Path, why: impl std::fmt::Display) -> Self {
        Self::File { path: path.to_owned(), why: why.to_string() }
    }
}

/// What a backup says of the server that it was taken from.
pub struct About<'a> {
    /// The program's version.
    pub version: &'a str,
    /// The fingerprint of the server's RSA key, where that is there.
    pub server_key: Option<i64>,
}

/// A table as it is copied: name and columns in a fixed order.
struct Shape {
    name: &'static str,
    columns: Vec<&'static str>,
}

/// The tables of the data keys, on either engine.
const KEY_TABLES: &[(&str, &[&str])] =
    &[("data_keys", &["kind", "id", "wrapped", "created_at"]), ("identity", &["seq", "id", "proof"])];

fn shapes(kind: Kind) -> Vec<Shape> {
    match kind {
        Kind::Rows => {
            let columns = |table: &catalogue::Table| table.columns.iter().map(|column| column.name).collect();
            let tables = catalogue::TABLES.iter();
            tables.map(|table| Shape { name: table.name, columns: columns(table) }).collect()
        }
        Kind::Keys => {
            let tables = KEY_TABLES.iter();
            tables.map(|(name, columns)| Shape { name, columns: columns.to_vec() }).collect()
        }
    }
}

/// What an engine found out while it copied.
struct Copied {
    vault: Vec<u8>,
    /// Checksums of the migrations that have run; none of the data keys, which have no migrations.
    migrations: Vec<Vec<u8>>,
    /// Rows of each table.
    rows: Vec<(&'static str, u64)>,
    /// See [`Manifest::taken_at_ms`].
    taken_at: Time,
}

/// Copies a database as it is at one moment into the new folder `to`, while others write it. Blocks.
///
/// Nothing is there under that name before all of it is, checked and on disk.
pub fn take(
    kind: Kind,
    database: &Database,
    to: &Path,
    about: &About<'_>,
    clock: &dyn Clock,
) -> Result<Manifest, BackupError> {
    folder::must_be_free(to)?;
    let draft = folder::Draft::new(to)?;
    let shapes = shapes(kind);
    let (engine, copied) = match database {
        Database::Sqlite(path) => {
            (EngineName::Sqlite, sqlite::copy(path, draft.path(), kind, &shapes, clock)?)
        }
        Database::Postgres(url) => {
            (EngineName::Postgres, postgres::export(url, draft.path(), kind, &shapes, clock)?)
        }
    };
    if kind == Kind::Rows && !migrations::are_current(&copied.migrations) {
        return Err(BackupError::Refused(
            "the database was not written by this version of the program: start the server with it once, or \
             take the backup with the version that runs"
                .into(),
        ));
    }
    let manifest = Manifest {
        format: FORMAT,
        kind,
        engine,
        version: about.version.to_owned(),
        taken_at_ms: copied.taken_at.0,
        vault: manifest::hex(&copied.vault),
        server_key: about.server_key.map(|key| key.to_string()),
        migrations: copied.migrations.iter().map(|checksum| manifest::hex(checksum)).collect(),
        rows: copied.rows.into_iter().map(|(name, count)| (name.to_owned(), count)).collect(),
        files: folder::describe(draft.path())?,
    };
    manifest.save(draft.path())?;
    draft.finish()?;
    Ok(manifest)
}

/// Reads a backup's manifest and compares every file with it. Blocks.
pub fn verify(folder: &Path) -> Result<Manifest, BackupError> {
    let manifest = Manifest::load(folder)?;
    for file in &manifest.files {
        let path = folder.join(&file.name);
        let found = folder::describe_file(&path)?;
        if found != *file {
            return Err(BackupError::file(&path, "is not as it was when the backup was taken"));
        }
    }
    Ok(manifest)
}

/// What [`examine`] found.
pub struct Examined {
    /// All migrations of this program have run, and no other. True for data keys, which have none.
    pub is_current: bool,
    /// The identity (hexadecimal) that rows and data keys of one server share.
    pub vault: String,
    /// What would lose writes that were acknowledged: how the database is set up, in words.
    pub risks: Vec<String>,
    wrapped: Option<Wrapped>,
}

impl Examined {
    /// Opens the data keys that were found ([`limits::EXAMINED_KEYS`] of them at most), changes nothing, and gives
    /// how many there were. Of rows: none.
    pub fn opened_by(&self, root: &dyn RootKeys) -> Result<usize, StoreError> {
        self.wrapped.as_ref().map_or(Ok(0), |wrapped| vault::open_all(wrapped, root))
    }
}

/// What an engine finds in a database that is in use.
struct Looked {
    vault: Vec<u8>,
    checksums: Vec<Vec<u8>>,
    risks: Vec<String>,
    wrapped: Option<Wrapped>,
}

/// Looks at a database that is in use, without changing anything: SQLite checks all of its pages. Blocks.
pub fn examine(kind: Kind, database: &Database) -> Result<Examined, BackupError> {
    let looked = match database {
        Database::Sqlite(path) => sqlite::examine(path, kind)?,
        Database::Postgres(url) => postgres::examine(url, kind)?,
    };
    let Looked { vault, checksums, risks, wrapped } = looked;
    let is_current = kind == Kind::Keys || migrations::are_current(&checksums);
    Ok(Examined { is_current, vault: manifest::hex(&vault), risks, wrapped })
}

/// What is restored, and where.
pub struct Restore<'a> {
    pub rows: &'a Path,
    pub keys: &'a Path,
    pub database: &'a Database,
    pub keys_database: &'a Database,
}

/// What was restored.
pub struct Restored {
    pub rows: Manifest,
    pub keys: Manifest,
}

/// Fills empty databases from a backup of the rows and one of the data keys. Blocks.
///
/// Either all of it is there afterwards or nothing is: files are put together in `FOLDER.part` and moved
/// to their place as a folder; PostgreSQL gets one transaction. A server never starts on one without the
/// other, because they would not belong together.
pub fn restore(asked: &Restore<'_>) -> Result<Restored, BackupError> {
    let rows = verify(asked.rows)?;
    let keys = verify(asked.keys)?;
    fit(&rows, &keys)?;
    for (manifest, database) in [(&rows, asked.database), (&keys, asked.keys_database)] {
        let engine = match database {
            Database::Sqlite(_) => EngineName::Sqlite,
            Database::Postgres(_) => EngineName::Postgres,
        };
        if engine != manifest.engine {
            return Err(BackupError::Refused(format!(
                "the backup of the {} is of {}, it cannot go into {}",
                manifest.kind, manifest.engine, engine
            )));
        }
    }
    let data = data_folder(asked)?;
    let draft = match &data {
        Some(folder) => {
            folder::must_be_free(folder)?;
            Some(folder::Draft::new(folder)?)
        }
        None => None,
    };
    let mut loaded = Vec::new();
    for (manifest, from, database) in
        [(&rows, asked.rows, asked.database), (&keys, asked.keys, asked.keys_database)]
    {
        match (database, &draft) {
            (Database::Sqlite(path), Some(draft)) => {
                let name = path.file_name().unwrap_or_default();
                sqlite::place(from, &draft.path().join(name), manifest)?;
            }
            (Database::Sqlite(path), None) => return Err(BackupError::file(path, "has no folder")),
            (Database::Postgres(url), _) => loaded.push(postgres::load(url, from, manifest)?),
        }
    }
    // Rows without their data keys are refused by a server; data keys without rows would look like a new
    // one. So the rows come first wherever two places cannot be changed at once.
    for database in loaded {
        database.commit()?;
    }
    if let Some(draft) = draft {
        draft.finish()?;
    }
    Ok(Restored { rows, keys })
}

/// The folder that holds the files, when there are files.
fn data_folder(asked: &Restore<'_>) -> Result<Option<PathBuf>, BackupError> {
    let mut folder: Option<PathBuf> = None;
    for database in [asked.database, asked.keys_database] {
        let Database::Sqlite(path) = database else { continue };
        let parent = path.parent().unwrap_or(Path::new(""));
        if folder.as_deref().is_some_and(|known| known != parent) {
            return Err(BackupError::file(path, "lies in another folder than the other database"));
        }
        folder = Some(parent.to_owned());
    }
    Ok(folder)
}

/// Whether these rows and these keys open each other, and this program understands them.
fn fit(rows: &Manifest, keys: &Manifest) -> Result<(), BackupError> {
    let refuse = |why: &str| Err(BackupError::Refused(why.to_owned()));
    if rows.kind != Kind::Rows {
        return refuse("what was given as the backup of the rows is one of the data keys");
    }
    if keys.kind != Kind::Keys {
        return refuse("what was given as the backup of the data keys is one of the rows");
    }
    if rows.vault != keys.vault {
        return refuse("rows and data keys are of two different servers");
    }
    if keys.taken_at_ms < rows.taken_at_ms {
        return refuse(
            "the data keys are older than the rows: accounts made in between could not be read, and deleted \
             ones would come back; take a newer backup of the data keys",
        );
    }
    if !migrations::are_known(&rows.migrations) {
        return refuse("the rows were written by a version of this program that this one does not know");
    }
    Ok(())
}

/// Numbers of messages and of events that are passed over when a backup is restored.
///
/// Devices have seen more than the backup has. What is given out anew must not bear numbers that they know:
/// they would take it for what they have. Beyond this leap every device finds that it is behind and
/// begins anew.
const LEAP: &str = "UPDATE boxes SET pts = pts + {leap}, next_message_id = next_message_id + {leap}, \
     scheduled_id = scheduled_id + {leap} WHERE pts < {room} AND next_message_id < {room} \
     AND scheduled_id < {room}";

fn leap() -> String {
    let room = i64::from(i32::MAX) - 2 * limits::RESTORE_LEAP;
    LEAP.replace("{leap}", &limits::RESTORE_LEAP.to_string()).replace("{room}", &room.to_string())
}

fn sqlite_failure(error: rusqlite::Error) -> BackupError {
    BackupError::Store(failure(error))
}
