use std::collections::BTreeMap;

use super::connections::ConnectionId;

/// What became of a query. One that was answered and acknowledged is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Query {
    Running {
        connection: ConnectionId,
    },
    /// Running, but the client does not want the answer any more.
    Dropped,
    /// The answer waits to be sent or acknowledged.
    Answered,
    /// The answer was sent but is too large to be kept; the query can be run again.
    Released,
}

/// The queries of a session.
#[derive(Default)]
pub(super) struct Queries {
    queries: BTreeMap<i64, Query>,
    running: usize,
    /// How many run whose answer goes to a connection.
    awaited: BTreeMap<ConnectionId, usize>,
}

impl Queries {
    pub(super) fn get(&self, msg_id: i64) -> Option<Query> {
        self.queries.get(&msg_id).copied()
    }

    pub(super) fn set(&mut self, msg_id: i64, query: Query) {
        self.running += usize::from(is_running(query));
        if let Query::Running { connection } = query {
            *self.awaited.entry(connection).or_default() += 1;
        }
        if let Some(before) = self.queries.insert(msg_id, query) {
            self.ended(before);
        }
    }

    pub(super) fn remove(&mut self, msg_id: i64) {
        if let Some(before) = self.queries.remove(&msg_id) {
            self.ended(before);
        }
    }

    fn ended(&mut self, before: Query) {
        self.running -= usize::from(is_running(before));
        if let Query::Running { connection } = before
            && let Some(awaited) = self.awaited.get_mut(&connection)
        {
            *awaited -= 1;
            if *awaited == 0 {
                self.awaited.remove(&connection);
            }
        }
    }

    /// Whether a query runs whose answer goes to this connection.
    pub(super) fn is_awaited(&self, connection: ConnectionId) -> bool {
        self.awaited.contains_key(&connection)
    }

    /// Queries whose handler has not answered yet.
    pub(super) fn running(&self) -> usize {
        self.running
    }
}

fn is_running(query: Query) -> bool {
    matches!(query, Query::Running { .. } | Query::Dropped)
}
