//! What stands between two people, in one look: every message asks for it.

use domain::{Peer, UserId};

use crate::sent::{self, Made};
use crate::{Row, StoreError, Tx, Value};

macro_rules! look {
    ($columns:literal, $joins:literal) => {
        concat!(
            "SELECT users.flags, dialogs.top_message, dialogs.flags, dialogs.ttl_period, \
             (SELECT COUNT(*) FROM blocks WHERE owner = $1 AND peer = $3), \
             (SELECT COUNT(*) FROM blocks WHERE owner = $2 AND peer = $4)",
            $columns,
            " FROM users LEFT JOIN dialogs ON dialogs.owner = $1 AND dialogs.peer = $3",
            $joins,
            " WHERE users.id = $2"
        )
    };
}

const LOOK: &str = look!("", "");
// What `sent::find` looks for, too.
const LOOK_BEFORE: &str = look!(
    ", messages.id, messages.pts, sent.message_id, sent.pts, scheduled.id",
    " LEFT JOIN messages ON messages.owner = $1 AND messages.random_id = $5 \
      LEFT JOIN sent ON sent.owner = $1 AND sent.random_id = $5 \
      LEFT JOIN scheduled ON scheduled.owner = $1 AND scheduled.random_id = $5"
);

/// As the one sees it who wants something of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Between {
    /// The other's account, as in [`crate::users::User`].
    pub flags: i64,
    /// One's own side of the dialog.
    pub dialog: Option<Standing>,
    /// One has blocked the other.
    pub blocks: bool,
    /// The other has blocked one.
    pub blocked: bool,
}

/// Of a dialog, what matters for the next message. As in [`crate::dialogs::Dialog`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub top_message: i32,
    pub flags: i64,
    pub ttl_period: Option<i32>,
}

/// `None` when there is no such account as `other`.
pub fn look(tx: &mut Tx<'_>, one: UserId, other: UserId) -> Result<Option<Between>, StoreError> {
    let row = tx.query_opt(LOOK, &values(one, other).map(Value::Int))?;
    row.map(|row| read(&row)).transpose()
}

/// The same together with what a request of `one` under this `random_id` made.
pub fn look_before_send(
    tx: &mut Tx<'_>,
    one: UserId,
    other: UserId,
    random_id: i64,
) -> Result<(Option<Between>, Option<Made>), StoreError> {
    let [a, b, c, d] = values(one, other);
    let Some(row) = tx.query_opt(LOOK_BEFORE, &[a, b, c, d, random_id].map(Value::Int))? else {
        return Ok((None, sent::find(tx, one, random_id)?));
    };
    let made = if row.opt_int(6)?.is_some() {
        Some(Made::Message { id: row.int32(6)?, pts: row.int32(7)? })
    } else if row.opt_int(9)?.is_some() {
        Some(Made::Message { id: row.int32(8)?, pts: row.int32(9)? })
    } else {
        // One that waits, or was taken back.
        let waiting = if row.opt_int(10)?.is_some() { Some(10) } else { row.opt_int(8)?.map(|_| 8) };
        waiting.map(|column| Ok::<_, StoreError>(Made::Scheduled { id: row.int32(column)? })).transpose()?
    };
    Ok((Some(read(&row)?), made))
}

fn values(one: UserId, other: UserId) -> [i64; 4] {
    [one.0, other.0, Peer::User(other).key(), Peer::User(one).key()]
}

fn read(row: &Row) -> Result<Between, StoreError> {
    let dialog = match row.opt_int(1)? {
        None => None,
        Some(_) => Some(Standing {
            top_message: row.int32(1)?,
            flags: row.int(2)?,
            ttl_period: row.opt_int(3)?.map(|secs| i32::try_from(secs).unwrap_or(i32::MAX)),
        }),
    };
    Ok(Between { flags: row.int(0)?, dialog, blocks: row.int(4)? > 0, blocked: row.int(5)? > 0 })
}
