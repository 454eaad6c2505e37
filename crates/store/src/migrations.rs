//! The schema's history: numbered files, run once each, forward only.

use domain::Clock;
use sha2::{Digest, Sha256};

use crate::engine::{Engine, Role, Session};
use crate::{StoreError, Value};

struct Migration {
    number: i64,
    script: &'static str,
}

const MIGRATIONS: &[Migration] =
    &[Migration { number: 1, script: include_str!("../migrations/0001_init.sql") }];

const CREATE: &str = "CREATE TABLE IF NOT EXISTS migrations \
     (number BIGINT PRIMARY KEY, checksum BLOB NOT NULL, applied_at BIGINT NOT NULL)";
const INSERT: &str =
    "INSERT INTO migrations (number, checksum, applied_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
/// Row 0 stands for no migration: whoever changes it holds it, and so the right to migrate, until
/// the transaction ends. This works the same on every engine.
const LOCK: &str = "UPDATE migrations SET applied_at = $1 WHERE number = 0";
const REMEMBER: &str = "INSERT INTO meta (name, value) VALUES ('data keys', $1) ON CONFLICT DO NOTHING";
const REMEMBERED: &str = "SELECT value FROM meta WHERE name = 'data keys'";
const APPLIED: &str = "SELECT number, checksum FROM migrations WHERE number > 0 ORDER BY number";

/// The scripts that make the schema as the first `count` migrations leave it.
pub(crate) fn scripts(count: usize) -> impl Iterator<Item = &'static str> {
    std::iter::once(CREATE).chain(MIGRATIONS.iter().take(count).map(|migration| migration.script))
}

/// Whether these are the checksums of all migrations of this program.
pub(crate) fn are_current(checksums: &[Vec<u8>]) -> bool {
    checksums.len() == MIGRATIONS.len()
        && std::iter::zip(checksums, MIGRATIONS)
            .all(|(checksum, migration)| *checksum == Sha256::digest(migration.script.as_bytes()).as_slice())
}

/// Whether these (hexadecimal) are the checksums of the first migrations of this program, or of all.
pub(crate) fn are_known(checksums: &[String]) -> bool {
    (1..=MIGRATIONS.len()).contains(&checksums.len())
        && std::iter::zip(checksums, MIGRATIONS).all(|(checksum, migration)| {
            let known = Sha256::digest(migration.script.as_bytes());
            *checksum == known.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        })
}

/// Brings the schema up to date, and sees that rows and data keys belong together.
///
/// `keys` is the name of the vault's table of data keys. Rows that were sealed with the keys of one
/// table would be lost on a server that runs with another.
pub(crate) fn run(engine: &dyn Engine, clock: &dyn Clock, keys: &[u8]) -> Result<(), StoreError> {
    let mut outcome = Ok(());
    let now = clock.now().secs();
    engine.connect(Role::Writer, &mut |session| {
        outcome = prepare(engine, session).and_then(|()| {
            session.begin()?;
            migrate(engine, session, MIGRATIONS, now)?;
            belong_together(session, keys)?;
            session.commit()
        });
    })?;
    outcome
}

fn prepare(engine: &dyn Engine, session: &mut dyn Session) -> Result<(), StoreError> {
    let create = engine.dialect(CREATE);
    // Two nodes that start at once may both try; the second try finds the table.
    session.script(&create).or_else(|_| session.script(&create))
}

fn migrate(
    engine: &dyn Engine,
    session: &mut dyn Session,
    migrations: &[Migration],
    now: i64,
) -> Result<(), StoreError> {
    session.execute(INSERT, &[Value::Int(0), Value::Blob(&[]), Value::Int(now)])?;
    session.execute(LOCK, &[Value::Int(now)])?;
    let mut applied = Vec::new();
    session.query(APPLIED, &[], &mut applied)?;
    let known = migrations.last().map_or(0, |migration| migration.number);
    if let Some(last) = applied.last()
        && last.int(0)? > known
    {
        return Err(StoreError::Newer { found: last.int(0)?, known });
    }
    for (index, migration) in migrations.iter().enumerate() {
        let checksum = Sha256::digest(migration.script.as_bytes());
        if let Some(row) = applied.get(index) {
            if row.int(0)? != migration.number || row.blob(1)? != checksum.as_slice() {
                return Err(StoreError::MigrationChanged(migration.number));
            }
            continue;
        }
        session.script(&engine.dialect(migration.script))?;
        let values = [Value::Int(migration.number), Value::Blob(&checksum), Value::Int(now)];
        session.execute(INSERT, &values)?;
        tracing::info!(number = migration.number, "schema migrated");
    }
    Ok(())
}

fn belong_together(session: &mut dyn Session, keys: &[u8]) -> Result<(), StoreError> {
    session.execute(REMEMBER, &[Value::Blob(keys)])?;
    let mut rows = Vec::new();
    session.query(REMEMBERED, &[], &mut rows)?;
    match rows.first() {
        Some(row) if row.blob(0)? == keys => Ok(()),
        _ => Err(StoreError::RootKey("the data keys are those of another database".into())),
    }
}
