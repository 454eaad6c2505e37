//! SQLite: the embedded engine. Write-ahead log, synced at every commit.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::hooks::Wal;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, Statement, ToSql};

use super::{Engine, Role, Session};
use crate::value::RowBuilder;
use crate::{Row, StoreError, Value, limits};

pub(crate) struct Sqlite {
    path: PathBuf,
}

impl Sqlite {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    fn open(&self, query_only: bool) -> Result<Connection, StoreError> {
        let create = if query_only { OpenFlags::empty() } else { OpenFlags::SQLITE_OPEN_CREATE };
        let access = OpenFlags::SQLITE_OPEN_READ_WRITE | create;
        let connection = Connection::open_with_flags(&self.path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(failure)?;
        // SQLite takes a file that it may not write to as well, and then waits for locks that it cannot take.
        if connection.is_readonly("main").map_err(failure)? {
            return Err(StoreError::unavailable(format!("{} is read-only", self.path.display())));
        }
        connection.busy_timeout(Duration::from_millis(limits::ENGINE_WAIT_MS)).map_err(failure)?;
        let cache = limits::SQLITE_CACHE_KIB;
        let query_only = if query_only { "ON" } else { "OFF" };
        // page_size: counts for a new file only.
        // secure_delete: what is deleted is overwritten where that costs no further page.
        let page = limits::SQLITE_PAGE_BYTES;
        let setup = format!(
            "PRAGMA page_size = {page}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; \
             PRAGMA cache_size = -{cache}; PRAGMA wal_autocheckpoint = 0; PRAGMA foreign_keys = OFF; \
             PRAGMA secure_delete = FAST; PRAGMA trusted_schema = OFF; PRAGMA query_only = {query_only};"
        );
        connection.execute_batch(&setup).map_err(failure)?;
        Ok(connection)
    }

    /// Starts a thread that moves pages from the log to the database file, so that commits need not.
    ///
    /// The log starts anew only when all of it has been moved and nobody reads it. Under steady load
    /// the thread never quite gets there; beyond a size the writer moves the rest itself.
    fn fold_log_behind(&self, connection: &mut Connection) -> Result<JoinHandle<()>, StoreError> {
        let (wake, woken) = sync_channel::<()>(1);
        let folder = self.open(false)?;
        let thread = std::thread::Builder::new().name("store-folder".into()).spawn(move || {
            while woken.recv().is_ok() {
                fold(folder.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(())));
            }
        });
        let mut folded = 0;
        let hook = move |log: &mut Wal, pages| {
            // Fewer pages than before: the log has started anew.
            folded = if pages < folded { 0 } else { folded };
            if pages - folded >= limits::WAL_FOLD_PAGES {
                folded = pages;
                // A full channel means that the thread is about to look anyway.
                wake.try_send(()).unwrap_or_default();
            }
            if pages >= limits::WAL_STALL_PAGES {
                fold(log.checkpoint());
            }
            Ok(())
        };
        connection.wal_hook(Some(hook)).map_err(failure)?;
        thread.map_err(StoreError::unavailable)
    }
}

/// A fold that meets another one or a reader has done what it could; the next one does the rest.
fn fold(outcome: rusqlite::Result<()>) {
    if let Err(error) = outcome
        && error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy)
    {
        tracing::error!(%error, "the log of the database cannot be folded");
    }
}

impl Engine for Sqlite {
    fn connect(&self, role: Role, body: &mut dyn FnMut(&mut dyn Session)) -> Result<(), StoreError> {
        let mut connection = self.open(role == Role::Reader)?;
        let folding = match role {
            Role::Writer => Some(self.fold_log_behind(&mut connection)?),
            Role::Reader => None,
        };
        let mut session = SqliteSession {
            connection: &connection,
            statements: HashMap::new(),
            begin: if role == Role::Writer { "BEGIN IMMEDIATE" } else { "BEGIN" },
            step: Step::None,
            row: RowBuilder::default(),
            broken: false,
        };
        body(&mut session);
        let broken = session.broken;
        drop(session);
        // Its hook holds the channel that keeps the folding thread alive.
        drop(connection);
        // On a disk that fails it may take its time, and need not be waited for: it ends by itself.
        match folding.filter(|_| !broken).map(JoinHandle::join) {
            Some(Err(_)) => Err(StoreError::unavailable("the thread that folds the log panicked")),
            _ => Ok(()),
        }
    }

    fn batch(&self) -> usize {
        limits::SQLITE_BATCH
    }

    fn is_ours_alone(&self) -> bool {
        true
    }

    fn dialect(&self, script: &str) -> String {
        script.to_owned()
    }
}

/// Whether the running step has a savepoint. It gets one before its first change, so that steps
/// which change nothing cost nothing; one that is decided gets none, for which every page that it touches
/// would be copied.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    None,
    Untouched,
    Saved,
    Decided,
    /// Has changed something that only the end of the transaction takes back.
    Bound,
}

struct SqliteSession<'c> {
    connection: &'c Connection,
    statements: HashMap<(usize, usize), Statement<'c>>,
    begin: &'static str,
    step: Step,
    row: RowBuilder,
    broken: bool,
}

impl<'c> SqliteSession<'c> {
    /// Runs a statement of transaction control.
    fn control(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let connection = self.connection;
        let outcome = prepared(&mut self.statements, connection, sql)
            .and_then(|statement| statement.raw_execute().map_err(failure));
        if let Err(error) = outcome {
            self.broken |= matches!(error, StoreError::Unavailable(_));
            return Err(error);
        }
        Ok(())
    }

    /// Gives the statement with its parameters bound, after the savepoint that it may need.
    fn bound(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<&mut Statement<'c>, StoreError> {
        let connection = self.connection;
        if matches!(self.step, Step::Untouched | Step::Decided)
            && !prepared(&mut self.statements, connection, sql)?.readonly()
        {
            if self.step == Step::Untouched {
                self.control("SAVEPOINT step")?;
                self.step = Step::Saved;
            } else {
                self.step = Step::Bound;
            }
        }
        let statement = prepared(&mut self.statements, connection, sql)?;
        if statement.parameter_count() != params.len() {
            return Err(StoreError::Sql(format!("{} parameters given for: {sql}", params.len())));
        }
        for (index, param) in params.iter().enumerate() {
            statement.raw_bind_parameter(index + 1, param).map_err(failure)?;
        }
        Ok(statement)
    }

    fn note(&mut self, error: rusqlite::Error) -> StoreError {
        let error = failure(error);
        self.broken |= matches!(error, StoreError::Unavailable(_));
        error
    }
}

impl Session for SqliteSession<'_> {
    fn begin(&mut self) -> Result<(), StoreError> {
        self.step = Step::None;
        self.control(self.begin)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.control("COMMIT")
    }

    fn rollback(&mut self) -> Result<(), StoreError> {
        self.step = Step::None;
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.control("ROLLBACK")
    }

    fn begin_step(&mut self) -> Result<(), StoreError> {
        self.step = Step::Untouched;
        Ok(())
    }

    fn keep_step(&mut self) -> Result<(), StoreError> {
        match std::mem::replace(&mut self.step, Step::None) {
            Step::Saved => self.control("RELEASE step"),
            _ => Ok(()),
        }
    }

    fn undo_step(&mut self) -> Result<(), StoreError> {
        match std::mem::replace(&mut self.step, Step::None) {
            Step::Saved => {
                self.control("ROLLBACK TO step")?;
                self.control("RELEASE step")
            }
            Step::Bound => Err(StoreError::unavailable("a write failed that was past its checks")),
            _ => Ok(()),
        }
    }

    fn decided(&mut self) {
        if self.step == Step::Untouched {
            self.step = Step::Decided;
        }
    }

    fn execute(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, StoreError> {
        let outcome = self.bound(sql, params)?.raw_execute();
        match outcome {
            Ok(changed) => Ok(changed as u64),
            Err(error) => Err(self.note(error)),
        }
    }

    fn defer(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<(), StoreError> {
        self.execute(sql, params).map(drop)
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn query(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        rows: &mut Vec<Row>,
    ) -> Result<(), StoreError> {
        let mut builder = std::mem::take(&mut self.row);
        let statement = self.bound(sql, params)?;
        let outcome = fetch(statement, sql, &mut builder, rows);
        self.row = builder;
        outcome.map_err(|error| self.note(error))
    }

    fn query_each(
        &mut self,
        sql: &'static str,
        sets: &[&[Value<'_>]],
        rows: &mut Vec<Row>,
    ) -> Result<(), StoreError> {
        sets.iter().try_for_each(|params| self.query(sql, params, rows))
    }

    fn joins_rows(&self) -> bool {
        false
    }

    fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(failure)
    }

    fn probe(&mut self) {}

    fn broken(&self) -> bool {
        self.broken
    }
}

fn prepared<'s, 'c>(
    statements: &'s mut HashMap<(usize, usize), Statement<'c>>,
    connection: &'c Connection,
    sql: &'static str,
) -> Result<&'s mut Statement<'c>, StoreError> {
    match statements.entry((sql.as_ptr() as usize, sql.len())) {
        Entry::Occupied(entry) => Ok(entry.into_mut()),
        Entry::Vacant(entry) => {
            let statement = connection.prepare(&question_marks(sql)).map_err(failure)?;
            Ok(entry.insert(statement))
        }
    }
}

/// Turns `$1` into `?1`: SQLite takes `$1` for a name and numbers names by appearance.
fn question_marks(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut quoted = false;
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        quoted ^= c == '\'';
        let placeholder = c == '$' && !quoted && chars.peek().is_some_and(char::is_ascii_digit);
        out.push(if placeholder { '?' } else { c });
    }
    out
}

fn fetch(
    statement: &mut Statement<'_>,
    sql: &'static str,
    builder: &mut RowBuilder,
    rows: &mut Vec<Row>,
) -> Result<(), rusqlite::Error> {
    let columns = statement.column_count();
    let mut results = statement.raw_query();
    while let Some(result) = results.next()? {
        for column in 0..columns {
            match result.get_ref(column)? {
                ValueRef::Null => builder.null(),
                ValueRef::Integer(value) => builder.int(value),
                ValueRef::Real(_) => builder.foreign(),
                ValueRef::Text(text) => builder.text(text),
                ValueRef::Blob(blob) => builder.blob(blob),
            }
        }
        rows.push(builder.take(sql));
    }
    Ok(())
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(blob) => ValueRef::Blob(blob),
        }))
    }
}

/// SQLite's messages name tables and columns, never values.
pub(crate) fn failure(error: rusqlite::Error) -> StoreError {
    let Some(code) = error.sqlite_error().copied() else { return StoreError::Sql(error.to_string()) };
    let unique = [rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE, rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY];
    match code.code {
        ErrorCode::ConstraintViolation if unique.contains(&code.extended_code) => StoreError::Conflict,
        ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::OutOfMemory
        | ErrorCode::ReadOnly => StoreError::unavailable(error),
        _ => StoreError::Sql(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_wait_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let engine = Sqlite::new(folder.path().join("data"));
        for query_only in [false, true] {
            let connection = engine.open(query_only).unwrap();
            let pragma = |name: &str| -> String {
                let sql = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
                connection.query_row(&sql, (), |row| row.get(0)).unwrap()
            };
            assert_eq!((pragma("journal_mode").as_str(), pragma("synchronous").as_str()), ("wal", "2"));
        }
    }

    #[test]
    fn placeholders_become_question_marks() {
        let check = |sql: &str, expect: &str| assert_eq!(question_marks(sql), expect);
        check("SELECT $1, $12", "SELECT ?1, ?12");
        check("SELECT '$1', $2, 'it''s $3'", "SELECT '$1', ?2, 'it''s $3'");
        check("SELECT $x", "SELECT $x");
    }
}
