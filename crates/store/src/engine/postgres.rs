//! PostgreSQL, and databases that speak its protocol.
//!
//! A session drives its connection on its own thread. Statements of transaction control, and
//! deferred ones, are sent without waiting: they travel with the next statement whose answer counts.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, Statement};

use super::{Engine, Role, Session};
use crate::value::RowBuilder;
use crate::{Row, StoreError, Value, limits};

pub(crate) struct Postgres {
    config: Config,
}

impl Postgres {
    pub(crate) fn new(url: &str) -> Result<Self, StoreError> {
        let mut config: Config =
            url.parse().map_err(|_| StoreError::unavailable("the database URL cannot be read"))?;
        config.connect_timeout(Duration::from_millis(limits::ENGINE_WAIT_MS));
        config.application_name("chatters");
        // A network that swallows everything is told from a quiet one.
        config.keepalives_idle(Duration::from_secs(30)).keepalives_interval(Duration::from_secs(5));
        config.tcp_user_timeout(Duration::from_millis(limits::POSTGRES_ANSWER_MS));
        Ok(Self { config })
    }

    pub(crate) fn session(&self, role: Role) -> Result<PostgresSession, StoreError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(StoreError::unavailable)?;
        let (client, connection) = runtime.block_on(self.config.connect(NoTls)).map_err(failure)?;
        // Runs whenever this thread waits for an answer.
        runtime.spawn(connection);
        let mut session = PostgresSession {
            driver: Driver(Some(runtime)),
            client: Arc::new(client),
            statements: HashMap::new(),
            role,
            sent: Vec::new(),
            row: RowBuilder::default(),
            broken: false,
        };
        session.script(
            "SET synchronous_commit = on; SET statement_timeout = '30s'; SET lock_timeout = '5s'; \
             SET idle_in_transaction_session_timeout = '10s'; SET client_min_messages = warning",
        )?;
        Ok(session)
    }
}

impl Engine for Postgres {
    fn connect(&self, role: Role, body: &mut dyn FnMut(&mut dyn Session)) -> Result<(), StoreError> {
        body(&mut self.session(role)?);
        Ok(())
    }

    fn batch(&self) -> usize {
        limits::POSTGRES_BATCH
    }

    fn is_ours_alone(&self) -> bool {
        false
    }

    fn dialect(&self, script: &str) -> String {
        script.replace(" BLOB", " BYTEA").replace(" WITHOUT ROWID", "")
    }
}

type Sent = Pin<Box<dyn Future<Output = Result<(), tokio_postgres::Error>> + Send>>;

/// The runtime that drives one connection.
struct Driver(Option<Runtime>);

impl Driver {
    fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.0.as_ref().expect("the runtime stays until the drop").block_on(future)
    }

    /// Waits for an answer as long as one may take; `None` when it does not come.
    fn block_on_answer<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let limit = Duration::from_millis(limits::POSTGRES_ANSWER_MS);
        self.block_on(async { tokio::time::timeout(limit, future).await.ok() })
    }
}

impl Drop for Driver {
    /// The last holder of a store may be an async task, which must not wait for a runtime's end.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

pub(crate) struct PostgresSession {
    driver: Driver,
    client: Arc<Client>,
    statements: HashMap<(usize, usize), Statement>,
    role: Role,
    /// What has been sent and not been answered yet, in order.
    sent: Vec<Sent>,
    row: RowBuilder,
    broken: bool,
}

impl PostgresSession {
    /// Sends something without waiting for the answer.
    fn send(&mut self, mut request: Sent) -> Result<(), StoreError> {
        if self.sent.len() >= limits::POSTGRES_PIPELINE {
            self.drain()?;
        }
        // The first poll writes the request into the connection's buffer.
        match request.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => self.sent.push(request),
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => return Err(self.note(&error)),
        }
        Ok(())
    }

    fn control(&mut self, sql: &'static str) -> Result<(), StoreError> {
        let client = Arc::clone(&self.client);
        self.send(Box::pin(async move { client.batch_execute(sql).await }))
    }

    /// Waits for all that was sent; gives the first failure, which is the one that matters: the
    /// rest only says that the transaction had failed already.
    fn drain(&mut self) -> Result<(), StoreError> {
        let mut outcome = Ok(());
        for request in std::mem::take(&mut self.sent) {
            let Some(answer) = self.driver.block_on_answer(request) else { return Err(self.silent()) };
            if outcome.is_ok() {
                outcome = answer;
            }
        }
        outcome.map_err(|error| self.note(&error))
    }

    /// Waits for a request, after those that were sent before it.
    fn wait<T>(
        &mut self,
        request: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, StoreError> {
        let Some(answer) = self.driver.block_on_answer(request) else { return Err(self.silent()) };
        self.drain()?;
        answer.map_err(|error| self.note(&error))
    }

    /// No answer came: the connection is dead, or as good as that.
    fn silent(&mut self) -> StoreError {
        self.broken = true;
        self.sent.clear();
        StoreError::unavailable("the database does not answer")
    }

    fn prepared(&mut self, sql: &'static str) -> Result<Statement, StoreError> {
        let key = (sql.as_ptr() as usize, sql.len());
        if let Some(statement) = self.statements.get(&key) {
            return Ok(statement.clone());
        }
        let client = Arc::clone(&self.client);
        let statement = self.wait(client.prepare(sql))?;
        self.statements.insert(key, statement.clone());
        Ok(statement)
    }

    fn checked(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<Statement, StoreError> {
        let statement = self.prepared(sql)?;
        if statement.params().len() != params.len() {
            return Err(StoreError::Sql(format!("{} parameters given for: {sql}", params.len())));
        }
        Ok(statement)
    }

    fn note(&mut self, error: &tokio_postgres::Error) -> StoreError {
        let failure = describe(error);
        self.broken |= matches!(failure, StoreError::Unavailable(_)) || self.client.is_closed();
        failure
    }

    fn collect(&mut self, sql: &'static str, results: Vec<tokio_postgres::Row>, rows: &mut Vec<Row>) {
        for result in results {
            for (index, column) in result.columns().iter().enumerate() {
                let raw: Option<Raw<'_>> = result.get(index);
                push(&mut self.row, column.type_(), raw.map(|raw| raw.0));
            }
            rows.push(self.row.take(sql));
        }
    }
}

impl Session for PostgresSession {
    fn begin(&mut self) -> Result<(), StoreError> {
        self.control(match self.role {
            Role::Writer => "BEGIN",
            Role::Reader => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        })
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.drain()?;
        self.control("COMMIT")?;
        self.drain()
    }

    fn rollback(&mut self) -> Result<(), StoreError> {
        self.control("ROLLBACK")?;
        // Nobody waits for a reader's end of transaction; the writer's has to be certain.
        if self.role == Role::Writer { self.drain() } else { Ok(()) }
    }

    fn begin_step(&mut self) -> Result<(), StoreError> {
        self.control("SAVEPOINT step")
    }

    fn keep_step(&mut self) -> Result<(), StoreError> {
        self.control("RELEASE step")
    }

    fn undo_step(&mut self) -> Result<(), StoreError> {
        // The step may have left failures behind that its closure has already been told.
        if self.drain().is_err() && self.broken {
            return Err(StoreError::unavailable("the connection broke"));
        }
        self.control("ROLLBACK TO step; RELEASE step")
    }

    fn execute(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, StoreError> {
        let statement = self.checked(sql, params)?;
        let client = Arc::clone(&self.client);
        let params = references(params);
        self.wait(client.execute(&statement, &params))
    }

    fn defer(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<(), StoreError> {
        let statement = self.checked(sql, params)?;
        let client = Arc::clone(&self.client);
        let params: Vec<Owned> = params.iter().map(Owned::from).collect();
        self.send(Box::pin(async move { client.execute_raw(&statement, params).await.map(drop) }))
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        self.drain()
    }

    fn query(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        rows: &mut Vec<Row>,
    ) -> Result<(), StoreError> {
        let statement = self.checked(sql, params)?;
        let client = Arc::clone(&self.client);
        let params = references(params);
        let results = self.wait(client.query(&statement, &params))?;
        self.collect(sql, results, rows);
        Ok(())
    }

    fn query_each(
        &mut self,
        sql: &'static str,
        sets: &[&[Value<'_>]],
        rows: &mut Vec<Row>,
    ) -> Result<(), StoreError> {
        for sets in sets.chunks(limits::POSTGRES_PIPELINE) {
            let statement = self.checked(sql, sets[0])?;
            let client = Arc::clone(&self.client);
            let params: Vec<_> = sets.iter().map(|params| references(params)).collect();
            let mut requests = Vec::with_capacity(sets.len());
            for params in &params {
                let mut request = Box::pin(client.query(&statement, params));
                let early = request.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                requests.push((request, early));
            }
            for (request, early) in requests {
                let results = match early {
                    Poll::Ready(results) => results.map_err(|error| self.note(&error))?,
                    Poll::Pending => self.wait(request)?,
                };
                self.collect(sql, results, rows);
            }
        }
        Ok(())
    }

    fn joins_rows(&self) -> bool {
        true
    }

    fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        let client = Arc::clone(&self.client);
        // Without a limit: a migration takes as long as it takes.
        let answer = self.driver.block_on(client.batch_execute(sql));
        self.drain()?;
        answer.map_err(|error| self.note(&error))
    }

    fn probe(&mut self) {
        let client = Arc::clone(&self.client);
        self.broken |= self.wait(client.batch_execute("")).is_err();
    }

    fn broken(&self) -> bool {
        self.broken
    }
}

fn references<'a>(params: &'a [Value<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    params.iter().map(|param| param as &(dyn ToSql + Sync)).collect()
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match *self {
            Self::Null => Ok(IsNull::Yes),
            // A bare number beside a placeholder makes PostgreSQL take the placeholder for an int4.
            Self::Int(value) if *ty == Type::INT4 => i32::try_from(value)?.to_sql(ty, out),
            Self::Int(value) if *ty == Type::INT8 => value.to_sql(ty, out),
            Self::Text(text) if *ty == Type::TEXT => text.to_sql(ty, out),
            Self::Blob(blob) if *ty == Type::BYTEA => blob.to_sql(ty, out),
            _ => Err(format!("a parameter of type {ty} got a value of another type").into()),
        }
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl std::fmt::Debug for Value<'_> {
    /// Names the kind and never the value.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Int(_) => "Int",
            Self::Text(_) => "Text",
            Self::Blob(_) => "Blob",
        })
    }
}

/// A parameter of a statement that outlives its caller.
#[derive(Debug)]
enum Owned {
    Null,
    Int(i64),
    Text(Box<str>),
    Blob(Box<[u8]>),
}

impl From<&Value<'_>> for Owned {
    fn from(value: &Value<'_>) -> Self {
        match *value {
            Value::Null => Self::Null,
            Value::Int(value) => Self::Int(value),
            Value::Text(text) => Self::Text(text.into()),
            Value::Blob(blob) => Self::Blob(blob.into()),
        }
    }
}

impl ToSql for Owned {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let value = match self {
            Self::Null => Value::Null,
            Self::Int(value) => Value::Int(*value),
            Self::Text(text) => Value::Text(text),
            Self::Blob(blob) => Value::Blob(blob),
        };
        value.to_sql(ty, out)
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A column's bytes as they came.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_ty: &Type) -> bool {
        true
    }
}

fn push(row: &mut RowBuilder, ty: &Type, raw: Option<&[u8]>) {
    let Some(raw) = raw else { return row.null() };
    let int = match (ty, raw.len()) {
        (&Type::INT8, 8) => raw.try_into().ok().map(i64::from_be_bytes),
        (&Type::INT4, 4) => raw.try_into().ok().map(|bytes| i32::from_be_bytes(bytes).into()),
        (&Type::INT2, 2) => raw.try_into().ok().map(|bytes| i16::from_be_bytes(bytes).into()),
        (&Type::BOOL, 1) => Some(raw[0].into()),
        _ => None,
    };
    match (ty, int) {
        (_, Some(value)) => row.int(value),
        (&Type::TEXT | &Type::VARCHAR | &Type::NAME, _) => row.text(raw),
        (&Type::BYTEA, _) => row.blob(raw),
        _ => row.foreign(),
    }
}

pub(crate) fn failure(error: tokio_postgres::Error) -> StoreError {
    describe(&error)
}

/// The server's detail and hint quote values; only code, message and names of its errors are kept.
fn describe(error: &tokio_postgres::Error) -> StoreError {
    let Some(server) = error.as_db_error() else {
        // What is not from the server is from the connection, or from the conversion of a parameter.
        return match std::error::Error::source(error) {
            Some(cause) if cause.is::<std::io::Error>() => StoreError::unavailable(error),
            _ if error.is_closed() => StoreError::unavailable(error),
            Some(cause) => StoreError::Sql(format!("{error}: {cause}")),
            None => StoreError::unavailable(error),
        };
    };
    let code = server.code();
    let class = code.code().get(..2).unwrap_or_default();
    match class {
        _ if *code == SqlState::UNIQUE_VIOLATION => StoreError::Conflict,
        _ if *code == SqlState::T_R_DEADLOCK_DETECTED
            || *code == SqlState::T_R_SERIALIZATION_FAILURE
            || *code == SqlState::LOCK_NOT_AVAILABLE =>
        {
            StoreError::Contended
        }
        // Connection, resources, operator intervention, system error, read-only transaction.
        "08" | "53" | "57" | "58" => StoreError::unavailable(code.code()),
        _ => StoreError::Sql(format!("{}: {}", code.code(), server.message())),
    }
}
