//! What stands between two people, in one look: every message asks for it.

use domain::{Peer, UserId};

use crate::{StoreError, Tx, Value};

const LOOK: &str = "SELECT users.flags, dialogs.top_message, dialogs.flags, dialogs.ttl_period, \
     (SELECT COUNT(*) FROM blocks WHERE owner = $1 AND peer = $3), \
     (SELECT COUNT(*) FROM blocks WHERE owner = $2 AND peer = $4) \
     FROM users LEFT JOIN dialogs ON dialogs.owner = $1 AND dialogs.peer = $3 WHERE users.id = $2";

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
    let values = [one.0, other.0, Peer::User(other).key(), Peer::User(one).key()].map(Value::Int);
    let Some(row) = tx.query_opt(LOOK, &values)? else { return Ok(None) };
    let dialog = match row.opt_int(1)? {
        None => None,
        Some(_) => Some(Standing {
            top_message: row.int32(1)?,
            flags: row.int(2)?,
            ttl_period: row.opt_int(3)?.map(|secs| i32::try_from(secs).unwrap_or(i32::MAX)),
        }),
    };
    Ok(Some(Between { flags: row.int(0)?, dialog, blocks: row.int(4)? > 0, blocked: row.int(5)? > 0 }))
}
