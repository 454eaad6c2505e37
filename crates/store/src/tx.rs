//! What a closure can do inside of a transaction.

use std::sync::Arc;

use domain::flood::Budget;
use domain::{Hint, Random, Time, UserId};

use crate::changes::{Stamp, concern};
use crate::engine::Session;
use crate::messages::Message;
use crate::store::Shared;
use crate::vault::Hashes;
use crate::{Owner, Row, RowKey, StoreError, Value};

/// A transaction, lent to a closure of [`crate::Store::write`] or [`crate::Store::read`].
pub struct Tx<'a> {
    session: &'a mut (dyn Session + 'a),
    shared: &'a Shared,
    effects: &'a mut Effects,
    /// A statement has failed. PostgreSQL refuses all further ones of the step, so all engines do.
    failed: bool,
    /// When what it reads was taken.
    stamp: Option<Stamp>,
}

/// What has to happen once the transaction is durable.
#[derive(Default)]
pub(crate) struct Effects {
    pub(crate) hints: Vec<Hint>,
    pub(crate) shreds: Vec<Owner>,
    pub(crate) arrived: Vec<Arc<Message>>,
    /// Messages, by box and id, that are not any more as they were when they arrived.
    pub(crate) altered: Vec<(UserId, i32)>,
    /// People who are not to be shown any more as they were before.
    pub(crate) changed: Vec<UserId>,
}

/// How far effects had got.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    hints: usize,
    shreds: usize,
    arrived: usize,
    altered: usize,
    changed: usize,
}

impl Effects {
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            hints: self.hints.len(),
            shreds: self.shreds.len(),
            arrived: self.arrived.len(),
            altered: self.altered.len(),
            changed: self.changed.len(),
        }
    }

    /// Nobody knows whether the transaction took effect: what it tells is put more carefully.
    pub(crate) fn doubt(&mut self) {
        self.arrived.clear();
        for hint in &mut self.hints {
            *hint = hint.perhaps();
        }
    }

    pub(crate) fn truncate(&mut self, mark: Mark) {
        self.hints.truncate(mark.hints);
        self.shreds.truncate(mark.shreds);
        self.arrived.truncate(mark.arrived);
        self.altered.truncate(mark.altered);
        self.changed.truncate(mark.changed);
    }
}

const INSERT_SHRED: &str =
    "INSERT INTO shreds (owner_kind, owner_id, asked_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";

impl<'a> Tx<'a> {
    pub(crate) fn new(
        session: &'a mut (dyn Session + 'a),
        shared: &'a Shared,
        effects: &'a mut Effects,
    ) -> Self {
        Self { session, shared, effects, failed: false, stamp: None }
    }

    /// For a snapshot that was taken at this moment or later.
    pub(crate) fn stamped(self, stamp: Stamp) -> Self {
        Self { stamp: Some(stamp), ..self }
    }

    /// The moment of a snapshot; `None` in a write, of which nobody knows yet whether it will be kept.
    pub fn stamp(&self) -> Option<Stamp> {
        self.stamp
    }

    /// Says that the closure writes something of `user` that decides how people are shown. Comes before the
    /// statement.
    pub fn changes(&mut self, user: UserId) {
        self.effects.changed.push(user);
    }

    /// A message that the closure has put into a box.
    pub(crate) fn arrived(&mut self, message: Message) {
        self.effects.arrived.push(Arc::new(message));
    }

    /// A message is not any more as it was when it arrived, should that have been just now.
    pub(crate) fn altered(&mut self, owner: UserId, id: i32) {
        self.effects.altered.push((owner, id));
    }

    /// Runs a statement and says how many rows it changed.
    ///
    /// Errors: [`StoreError::Conflict`] when a unique value is taken. After any error the closure can
    /// only give up: further statements are refused, and what it did is undone even if it says `Ok`.
    /// To go on where a value is taken, use `ON CONFLICT`.
    pub fn execute(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<u64, StoreError> {
        debug_assert!(!concern(sql) || !self.effects.changed.is_empty(), "whom does this change? {sql}");
        self.run(|session| session.execute(sql, params))
    }

    /// Runs a statement whose count nobody needs. On PostgreSQL this does not wait for the round
    /// trip; a failure comes out of a later statement, or becomes the outcome of the closure.
    pub fn defer(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<(), StoreError> {
        debug_assert!(!concern(sql) || !self.effects.changed.is_empty(), "whom does this change? {sql}");
        self.run(|session| session.defer(sql, params))
    }

    pub fn query(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        self.run(|session| session.query(sql, params, &mut rows))?;
        Ok(rows)
    }

    /// The first row of the result, if there is one.
    pub fn query_opt(&mut self, sql: &'static str, params: &[Value<'_>]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// Runs one query for each set of parameters and gives all rows, in the order of the sets. The
    /// portable form of `IN (…)`: one round trip on PostgreSQL.
    pub fn query_each(&mut self, sql: &'static str, sets: &[&[Value<'_>]]) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::new();
        self.run(|session| session.query_each(sql, sets, &mut rows))?;
        Ok(rows)
    }

    /// Whether a statement for two rows beats one for each.
    pub(crate) fn joins_rows(&self) -> bool {
        self.session.joins_rows()
    }

    /// Says that the closure is past everything by which it might refuse: from here on it fails only where the
    /// database does. Such a failure (or a panic) may undo the whole group of writes instead of this one, which
    /// saves every other closure the price of being taken back alone.
    pub fn decided(&mut self) {
        self.session.decided();
    }

    /// The budget as the operator set it, else as it is.
    pub fn budget(&self, default: &Budget) -> Budget {
        let set = self.shared.budgets.get().into_iter().flatten();
        *set.into_iter().find(|set| set.name == default.name).unwrap_or(default)
    }

    pub fn now(&self) -> Time {
        self.shared.clock.now()
    }

    pub fn random(&self) -> &dyn Random {
        &*self.shared.random
    }

    /// Encrypts under the owner's data key, bound to table, owner and row.
    ///
    /// `table` is the table's name, or `table.column` where a table has several sealed columns. The
    /// key is made on first use. Adds [`crate::SEAL_OVERHEAD`] bytes.
    ///
    /// Errors: [`StoreError::Shredded`] when the owner's key is gone.
    pub fn seal(
        &mut self,
        owner: Owner,
        table: &'static str,
        row: RowKey,
        plain: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        self.shared.vault.seal(owner, table, row, plain, self.now())
    }

    /// Decrypts what [`Tx::seal`] made with the same owner, table and row.
    ///
    /// Errors: [`StoreError::Sealed`] when the bytes are damaged or of another place,
    /// [`StoreError::Shredded`] when the owner's key is gone.
    pub fn open_sealed(
        &mut self,
        owner: Owner,
        table: &'static str,
        row: RowKey,
        sealed: &[u8],
    ) -> Result<Vec<u8>, StoreError> {
        self.shared.vault.open_sealed(owner, table, row, sealed)
    }

    /// Forgets the owner's data key for good, right after the commit. All that was sealed under it
    /// becomes unreadable, in backups too. A crash in between only delays it to the next start.
    pub fn shred(&mut self, owner: Owner) -> Result<(), StoreError> {
        let (kind, id) = owner.parts();
        let now = self.now().secs();
        self.execute(INSERT_SHRED, &[Value::Int(kind), Value::Int(id), Value::Int(now)])?;
        self.effects.shreds.push(owner);
        Ok(())
    }

    /// Drops a data key from this node's memory: another node has forgotten it.
    pub(crate) fn evict(&self, owner: Owner) {
        self.shared.vault.evict(owner);
    }

    /// Ids above `after` of users whose data keys are gone for good, in rising order.
    pub fn shredded_users(&self, after: UserId, limit: i64) -> Result<Vec<UserId>, StoreError> {
        Ok(self.shared.vault.forgotten_users(after.0, limit)?.into_iter().map(UserId).collect())
    }

    /// A hash by which a value is found without being readable. The same on every node.
    pub fn keyed_hash(&self, purpose: &'static str, value: &[u8]) -> [u8; 16] {
        self.shared.vault.keyed_hash(purpose, value)
    }

    /// Tells subscribers something once the transaction is durable; never if it is undone.
    pub fn hint(&mut self, hint: Hint) {
        self.effects.hints.push(hint);
    }

    /// The end of the closure: fails if any statement has, even if the closure does not mind.
    pub(crate) fn settle(&mut self) -> Result<(), StoreError> {
        self.run(|session| session.settle())
    }

    fn run<T>(
        &mut self,
        statement: impl FnOnce(&mut (dyn Session + 'a)) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.failed {
            return Err(StoreError::Sql("an earlier statement of this closure has failed".into()));
        }
        let outcome = statement(self.session);
        self.failed = outcome.is_err();
        outcome
    }
}

impl Hashes for Tx<'_> {
    fn keyed_hash(&self, purpose: &'static str, value: &[u8]) -> [u8; 16] {
        Self::keyed_hash(self, purpose, value)
    }
}
