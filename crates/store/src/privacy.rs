//! Privacy rules and blocked people.

use domain::{Peer, Time, UserId};

use crate::{Owner, RowKey, StoreError, Tx, Value};

const TABLE: &str = "privacy";

const SELECT: &str = "SELECT value FROM privacy WHERE owner = $1 AND rule = $2";
const UPSERT: &str = "INSERT INTO privacy (owner, rule, value) VALUES ($1, $2, $3) \
     ON CONFLICT (owner, rule) DO UPDATE SET value = $3";
const BLOCK: &str =
    "INSERT INTO blocks (owner, peer, date) VALUES ($1, $2, $3) ON CONFLICT (owner, peer) DO NOTHING";
const UNBLOCK: &str = "DELETE FROM blocks WHERE owner = $1 AND peer = $2";
const BLOCKED_BETWEEN: &str = "SELECT owner FROM blocks WHERE owner = $1 AND peer = $2 \
     UNION ALL SELECT owner FROM blocks WHERE owner = $2 AND peer = $1";
const IS_BLOCKED: &str = "SELECT 1 FROM blocks WHERE owner = $1 AND peer = $2";
const BLOCKED: &str =
    "SELECT peer, date FROM blocks WHERE owner = $1 ORDER BY date DESC, peer DESC LIMIT $2 OFFSET $3";
const BLOCKED_COUNT: &str = "SELECT COUNT(*) FROM blocks WHERE owner = $1";

/// The rules that an owner set for one key, as `domain::privacy::Rules` writes them; `None` while the
/// default holds.
pub fn rules(tx: &mut Tx<'_>, owner: UserId, key: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let row = tx.query_opt(SELECT, &[Value::Int(owner.0), Value::Int(key)])?;
    open(tx, owner, key, row.as_ref().map(|row| row.blob(0)).transpose()?)
}

/// Opens the column of a row that may not be there.
pub(crate) fn open(
    tx: &mut Tx<'_>,
    owner: UserId,
    key: i64,
    sealed: Option<&[u8]>,
) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(sealed) = sealed else { return Ok(None) };
    StoreError::if_there(tx.open_sealed(Owner::User(owner.0), TABLE, RowKey::from((owner.0, key)), sealed))
}

pub fn set_rules(tx: &mut Tx<'_>, owner: UserId, key: i64, rules: &[u8]) -> Result<(), StoreError> {
    tx.changes(owner);
    let sealed = tx.seal(Owner::User(owner.0), TABLE, RowKey::from((owner.0, key)), rules)?;
    tx.execute(UPSERT, &[Value::Int(owner.0), Value::Int(key), Value::Blob(&sealed)])?;
    Ok(())
}

/// `false` when the peer was blocked already.
pub fn block(tx: &mut Tx<'_>, owner: UserId, peer: Peer) -> Result<bool, StoreError> {
    tx.changes(owner);
    let values = [Value::Int(owner.0), Value::Int(peer.key()), Value::Int(tx.now().secs())];
    Ok(tx.execute(BLOCK, &values)? > 0)
}

/// `false` when the peer was not blocked.
pub fn unblock(tx: &mut Tx<'_>, owner: UserId, peer: Peer) -> Result<bool, StoreError> {
    tx.changes(owner);
    Ok(tx.execute(UNBLOCK, &[Value::Int(owner.0), Value::Int(peer.key())])? > 0)
}

pub fn is_blocked(tx: &mut Tx<'_>, owner: UserId, peer: Peer) -> Result<bool, StoreError> {
    Ok(tx.query_opt(IS_BLOCKED, &[Value::Int(owner.0), Value::Int(peer.key())])?.is_some())
}

/// Whether `one` blocked `other`, and the other way round.
pub fn blocked_between(tx: &mut Tx<'_>, one: UserId, other: UserId) -> Result<(bool, bool), StoreError> {
    let mut blocked = (false, false);
    for row in tx.query(BLOCKED_BETWEEN, &[Value::Int(one.0), Value::Int(other.0)])? {
        if row.int(0)? == one.0 {
            blocked.0 = true;
        } else {
            blocked.1 = true;
        }
    }
    Ok(blocked)
}

/// Blocked peers with the time of it, latest first.
pub fn blocked(
    tx: &mut Tx<'_>,
    owner: UserId,
    limit: i64,
    offset: i64,
) -> Result<Vec<(Peer, Time)>, StoreError> {
    let rows = tx.query(BLOCKED, &[Value::Int(owner.0), Value::Int(limit), Value::Int(offset)])?;
    rows.iter()
        .map(|row| {
            let peer = Peer::from_key(row.int(0)?).ok_or_else(|| StoreError::corrupt("blocks", "peer"))?;
            Ok((peer, Time::from_secs(row.int(1)?)))
        })
        .collect()
}

pub fn blocked_count(tx: &mut Tx<'_>, owner: UserId) -> Result<i64, StoreError> {
    tx.query_opt(BLOCKED_COUNT, &[Value::Int(owner.0)])?.map_or(Ok(0), |row| row.int(0))
}
