//! The seam between the store and a database.
//!
//! An [`Engine`] opens connections; a [`Session`] is one connection on one thread. Sessions know of
//! statements and transactions, and nothing of tables. There are two: [`sqlite`] and [`postgres`].

pub(crate) mod postgres;
pub(crate) mod queue;
pub(crate) mod readers;
pub(crate) mod sqlite;
pub(crate) mod trouble;
pub(crate) mod writer;

use domain::{Clock, Time};

use crate::{Row, StoreError, Value, limits};

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Writer,
    Reader,
}

/// A database that can be connected to.
pub(crate) trait Engine: Send + Sync {
    /// Connects, and runs `body` with the connection on the calling thread.
    fn connect(&self, role: Role, body: &mut dyn FnMut(&mut dyn Session)) -> Result<(), StoreError>;

    /// How many writes go into one transaction at most.
    fn batch(&self) -> usize;

    /// Whether no other process writes to the database.
    fn is_ours_alone(&self) -> bool;

    /// A script of the schema in the engine's own dialect.
    fn dialect(&self, script: &str) -> String;
}

/// Watches how long a connection has been idle.
pub(crate) struct Idle<'a> {
    clock: &'a dyn Clock,
    last: Time,
}

impl<'a> Idle<'a> {
    pub(crate) fn new(clock: &'a dyn Clock) -> Self {
        Self { clock, last: clock.now() }
    }

    /// Whether the connection can be trusted with a closure, which can be run only once.
    pub(crate) fn sound(&mut self, session: &mut dyn Session) -> bool {
        let now = self.clock.now();
        if now >= self.last.plus_millis(limits::IDLE_PROBE_MS) {
            session.probe();
        }
        self.last = now;
        !session.broken()
    }
}

/// One connection. Statements are `&'static str`, so that their address can stand for them in the
/// cache of prepared statements.
///
/// A transaction holds several *steps*, one a write; each step is kept or undone alone.
pub(crate) trait Session {
    fn begin(&mut self) -> Result<(), StoreError>;

    /// Returns when the transaction is durable.
    fn commit(&mut self) -> Result<(), StoreError>;
    fn rollback(&mut self) -> Result<(), StoreError>;

    /// Begins a step that [`Session::undo_step`] can take back without the rest.
    fn begin_step(&mut self) -> Result<(), StoreError>;
    fn keep_step(&mut self) -> Result<(), StoreError>;
    fn undo_step(&mut self) -> Result<(), StoreError>;

    /// The step will not be undone unless the database fails, and then the whole transaction may go with it:
    /// an engine may spare what it keeps for taking the step back.
    fn decided(&mut self) {}

    fn execute(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, StoreError>;

    /// Like [`Session::execute`], but an engine with a network in between need not wait. A failure
    /// comes out of a later call of the same step, [`Session::settle`] at the latest.
    fn defer(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<(), StoreError>;
    fn settle(&mut self) -> Result<(), StoreError>;
    fn query(
        &mut self,
        sql: &'static str,
        params: &[Value<'_>],
        rows: &mut Vec<Row>,
    ) -> Result<(), StoreError>;

    /// Runs one query for each set of parameters, in one round trip where there is a network.
    fn query_each(
        &mut self,
        sql: &'static str,
        sets: &[&[Value<'_>]],
        rows: &mut Vec<Row>,
    ) -> Result<(), StoreError>;

    /// Whether a statement for two rows beats one for each. Where nothing travels it does not: SQLite then notes what
    /// it changes, in case the second row is refused.
    fn joins_rows(&self) -> bool;

    /// Runs a script of several statements without parameters.
    fn script(&mut self, sql: &str) -> Result<(), StoreError>;

    /// Sees to it that [`Session::broken`] knows of a connection that died while nobody used it.
    fn probe(&mut self);

    /// Whether the connection is of no use any more.
    fn broken(&self) -> bool;
}
