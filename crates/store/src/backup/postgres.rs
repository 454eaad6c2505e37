//! PostgreSQL: each table by COPY, all of them from one snapshot, and back in one transaction.

use std::io::Write;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use domain::Clock;
use futures_util::{SinkExt, TryStreamExt};
use tokio::runtime::Runtime;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::{Client, Config, NoTls};

use super::{BackupError, Copied, Kind, Looked, Manifest, Shape, folder, leap, shapes};
use crate::engine::Engine;
use crate::engine::postgres::{Postgres, failure};
use crate::vault::Wrapped;
use crate::{StoreError, limits, migrations, vault};

/// A connection of its own, without the server's limits on how long a statement may take.
struct Link {
    runtime: Runtime,
    client: Client,
}

impl Link {
    fn open(url: &str) -> Result<Self, BackupError> {
        let mut config: Config =
            url.parse().map_err(|_| StoreError::unavailable("the database URL cannot be read"))?;
        config.connect_timeout(Duration::from_millis(limits::ENGINE_WAIT_MS));
        config.application_name("chatters backup");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(StoreError::unavailable)?;
        let (client, connection) = runtime.block_on(config.connect(NoTls)).map_err(failure)?;
        runtime.spawn(connection);
        let link = Self { runtime, client };
        link.run(
            "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
             SET synchronous_commit = on; SET client_min_messages = warning",
        )?;
        Ok(link)
    }

    fn run(&self, sql: &str) -> Result<(), BackupError> {
        Ok(self.runtime.block_on(self.client.batch_execute(sql)).map_err(failure)?)
    }

    fn number(&self, sql: &str) -> Result<i64, BackupError> {
        let row = self.runtime.block_on(self.client.query_one(sql, &[])).map_err(failure)?;
        Ok(row.try_get(0).map_err(failure)?)
    }

    fn blobs(&self, sql: &str) -> Result<Vec<Vec<u8>>, BackupError> {
        let rows = self.runtime.block_on(self.client.query(sql, &[])).map_err(failure)?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>().map_err(failure)?)
    }
}

fn file_name(table: &str) -> String {
    format!("{table}.copy")
}

fn copy_sql(shape: &Shape, way: &str) -> String {
    format!("COPY {} ({}) {way} (FORMAT binary)", shape.name, shape.columns.join(", "))
}

const VAULT_OF_ROWS: &str = "SELECT value FROM meta WHERE name = 'data keys'";
const VAULT_OF_KEYS: &str = "SELECT id FROM identity WHERE seq = 1";
const CHECKSUMS: &str = "SELECT checksum FROM migrations WHERE number > 0 ORDER BY number";
const TABLES: &str = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema()";

fn vault_of(link: &Link, kind: Kind) -> Result<Vec<u8>, BackupError> {
    let sql = match kind {
        Kind::Rows => VAULT_OF_ROWS,
        Kind::Keys => VAULT_OF_KEYS,
    };
    let missing = || BackupError::Refused("the database is not one that a server has used".into());
    link.blobs(sql)?.pop().ok_or_else(missing)
}

/// What is in a database.
pub(super) fn examine(url: &str, kind: Kind) -> Result<Looked, BackupError> {
    let link = Link::open(url)?;
    let version = link.number("SELECT current_setting('server_version_num')::BIGINT")?;
    if version < limits::POSTGRES_VERSION {
        return Err(BackupError::Refused(format!("PostgreSQL {version} is older than 15")));
    }
    let (checksums, wrapped) = match kind {
        Kind::Rows => (link.blobs(CHECKSUMS)?, None),
        Kind::Keys => (Vec::new(), Some(wrapped(&link)?)),
    };
    Ok(Looked { vault: vault_of(&link, kind)?, checksums, risks: risks(&link)?, wrapped })
}

/// What the operator of the database can switch off, and the server cannot switch on for itself.
fn risks(link: &Link) -> Result<Vec<String>, BackupError> {
    let mut risks = Vec::new();
    for (setting, what) in [
        ("fsync", "the database does not wait for its disk: what it has acknowledged can be lost"),
        ("full_page_writes", "a loss of power can leave half a page, unless the file system prevents it"),
    ] {
        // Databases that only speak the protocol may not know the setting.
        let is_off =
            format!("SELECT (COALESCE(current_setting('{setting}', true), '') = 'off')::INT::BIGINT");
        if link.number(&is_off)? == 1 {
            risks.push(format!("{setting} is off: {what}"));
        }
    }
    Ok(risks)
}

fn wrapped(link: &Link) -> Result<Wrapped, BackupError> {
    let missing = || BackupError::Refused("the database is not one that a server has used".into());
    let proof = link.blobs("SELECT proof FROM identity WHERE seq = 1")?.pop().ok_or_else(missing)?;
    let sql = "SELECT kind, id, wrapped FROM data_keys ORDER BY kind, id LIMIT $1";
    let rows = link.runtime.block_on(link.client.query(sql, &[&limits::EXAMINED_KEYS])).map_err(failure)?;
    let keys = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)));
    let keys = keys.collect::<Result<_, tokio_postgres::Error>>().map_err(failure)?;
    Ok(Wrapped { proof, keys })
}

/// Writes each table into a file of its own, all as they were at one moment.
pub(super) fn export(
    url: &str,
    to: &Path,
    kind: Kind,
    shapes: &[Shape],
    clock: &dyn Clock,
) -> Result<Copied, BackupError> {
    let link = Link::open(url)?;
    link.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
    let before = clock.now();
    // The first statement is what takes the snapshot.
    let vault = vault_of(&link, kind)?;
    let after = clock.now();
    let migrations = match kind {
        Kind::Rows => link.blobs(CHECKSUMS)?,
        Kind::Keys => Vec::new(),
    };
    let mut rows = Vec::new();
    for shape in shapes {
        table_out(&link, shape, &to.join(file_name(shape.name)))?;
        let count = link.number(&format!("SELECT COUNT(*) FROM {}", shape.name))?;
        rows.push((shape.name, count.cast_unsigned()));
    }
    link.run("ROLLBACK")?;
    let taken_at = match kind {
        Kind::Rows => after,
        Kind::Keys => before,
    };
    Ok(Copied { vault, migrations, rows, taken_at })
}

fn table_out(link: &Link, shape: &Shape, path: &Path) -> Result<(), BackupError> {
    let mut file = std::io::BufWriter::with_capacity(folder::CHUNK, folder::create(path)?);
    let failed = |why: std::io::Error| BackupError::file(path, why);
    link.runtime.block_on(async {
        let stream = link.client.copy_out(&copy_sql(shape, "TO STDOUT")).await.map_err(failure)?;
        let mut stream = pin!(stream);
        while let Some(bytes) = stream.try_next().await.map_err(failure)? {
            file.write_all(&bytes).map_err(failed)?;
        }
        file.flush().map_err(failed)
    })
}

/// A database that was filled in a transaction which is still open: dropped, it is as if nothing had been.
pub(super) struct Loaded {
    link: Link,
}

impl Loaded {
    pub(super) fn commit(self) -> Result<(), BackupError> {
        self.link.run("COMMIT")
    }
}

/// Fills an empty database.
pub(super) fn load(url: &str, from: &Path, manifest: &Manifest) -> Result<Loaded, BackupError> {
    let link = Link::open(url)?;
    link.run("BEGIN")?;
    if link.number(TABLES)? != 0 {
        let what = manifest.kind;
        return Err(BackupError::Refused(format!(
            "the database for the {what} is not empty: make a new one"
        )));
    }
    match manifest.kind {
        Kind::Rows => {
            let engine = Postgres::new(url)?;
            for script in migrations::scripts(manifest.migrations.len()) {
                link.run(&engine.dialect(script))?;
            }
        }
        Kind::Keys => link.run(vault::POSTGRES_KEYS)?,
    }
    for shape in &shapes(manifest.kind) {
        let name = file_name(shape.name);
        if !manifest.files.iter().any(|file| file.name == name) {
            return Err(BackupError::file(from, format!("has no {name}")));
        }
        let loaded = table_in(&link, shape, &from.join(name))?;
        if manifest.rows.get(shape.name) != Some(&loaded) {
            return Err(BackupError::file(from, format!("{}: {loaded} rows came", shape.name)));
        }
    }
    if super::manifest::hex(&vault_of(&link, manifest.kind)?) != manifest.vault {
        return Err(BackupError::file(from, "the manifest is not that of the files"));
    }
    if manifest.kind == Kind::Rows {
        link.run(&leap())?;
    }
    Ok(Loaded { link })
}

fn table_in(link: &Link, shape: &Shape, path: &Path) -> Result<u64, BackupError> {
    let sink = link.runtime.block_on(link.client.copy_in(&copy_sql(shape, "FROM STDIN"))).map_err(failure)?;
    let mut sink = pin!(sink);
    folder::each_chunk(path, |chunk| {
        let bytes = BytesMut::from(chunk).freeze();
        Ok(link.runtime.block_on(sink.send(bytes)).map_err(failure)?)
    })?;
    Ok(link.runtime.block_on(sink.finish()).map_err(failure)?)
}
