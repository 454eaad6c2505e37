//! Message boxes: the counters from which a user's message ids and `pts` come.

use domain::UserId;

use crate::{StoreError, Tx, Value};

const ALLOCATE: &str = "INSERT INTO boxes (owner, pts, next_message_id, qts) VALUES ($1, 1 + $2, 1 + $3, 1) \
     ON CONFLICT (owner) DO UPDATE SET pts = boxes.pts + $2, next_message_id = boxes.next_message_id + $3 \
     RETURNING pts, next_message_id";
const ALLOCATE_TWO: &str = "INSERT INTO boxes (owner, pts, next_message_id, qts) VALUES ($1, 2, 2, 1), ($2, 2, 2, 1) \
     ON CONFLICT (owner) DO UPDATE SET pts = boxes.pts + 1, next_message_id = boxes.next_message_id + 1 \
     RETURNING owner, pts, next_message_id";
const SELECT: &str = "SELECT pts, qts, next_message_id, floor FROM boxes WHERE owner = $1";
const SET_FLOOR: &str = "UPDATE boxes SET floor = $2 WHERE owner = $1";

/// Counters of a box that nothing has happened in yet. They start at 1 because clients take a
/// first `pts` or `qts` of 1 for an error.
const EMPTY: State = State { pts: 1, qts: 1, next_message_id: 1, floor: 0 };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    pub pts: i32,
    pub qts: i32,
    /// The id that the next message of this box will get.
    pub next_message_id: i32,
    /// Events up to this `pts` are not in the log any more.
    pub floor: i32,
}

/// What [`allocate`] gave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// The box's `pts` after all of the allocated events.
    pub pts: i32,
    /// The first of the allocated message ids.
    pub message_id: i32,
}

/// Takes `pts` events and `messages` ids from a box, and holds its row until the transaction ends. Each message
/// is an event, too, which [`crate::messages::arrived_after`] relies on.
///
/// Whoever allocates in several boxes does it in rising order of owner, so that two writers never
/// wait for each other.
pub fn allocate(tx: &mut Tx<'_>, owner: UserId, pts: i32, messages: i32) -> Result<Allocation, StoreError> {
    debug_assert!(messages <= pts, "a message without an event");
    let values = [Value::Int(owner.0), Value::Int(pts.into()), Value::Int(messages.into())];
    let row = tx.query_opt(ALLOCATE, &values)?.ok_or_else(|| StoreError::corrupt("boxes", "pts"))?;
    Ok(Allocation { pts: row.int32(0)?, message_id: row.int32(1)? - messages })
}

/// Takes a message id, and so a `pts`, from each of two boxes.
pub fn allocate_two(
    tx: &mut Tx<'_>,
    one: UserId,
    other: UserId,
) -> Result<(Allocation, Allocation), StoreError> {
    // In rising order, as above.
    if !tx.joins_rows() {
        let low = allocate(tx, one.min(other), 1, 1)?;
        let high = allocate(tx, one.max(other), 1, 1)?;
        return Ok(if one < other { (low, high) } else { (high, low) });
    }
    let rows = tx.query(ALLOCATE_TWO, &[Value::Int(one.min(other).0), Value::Int(one.max(other).0)])?;
    let of = |owner: UserId| -> Result<Allocation, StoreError> {
        for row in &rows {
            if row.int(0)? == owner.0 {
                return Ok(Allocation { pts: row.int32(1)?, message_id: row.int32(2)? - 1 });
            }
        }
        Err(StoreError::corrupt("boxes", "pts"))
    };
    Ok((of(one)?, of(other)?))
}

/// Holds a box's row until the transaction ends without taking anything from it: for whoever has to
/// look before it knows how much it will take.
pub fn hold(tx: &mut Tx<'_>, owner: UserId) -> Result<(), StoreError> {
    allocate(tx, owner, 0, 0).map(|_| ())
}

/// Holds the boxes of both sides of a dialog, in rising order, for changes that go back and forth between
/// them. A side that has no box (yet) is passed over.
pub fn hold_both(tx: &mut Tx<'_>, one: UserId, other: UserId) -> Result<(), StoreError> {
    for owner in if one < other { [one, other] } else { [other, one] } {
        if tx.query_opt(SELECT, &[Value::Int(owner.0)])?.is_some() {
            hold(tx, owner)?;
        }
    }
    Ok(())
}

pub fn state(tx: &mut Tx<'_>, owner: UserId) -> Result<State, StoreError> {
    let Some(row) = tx.query_opt(SELECT, &[Value::Int(owner.0)])? else { return Ok(EMPTY) };
    Ok(State { pts: row.int32(0)?, qts: row.int32(1)?, next_message_id: row.int32(2)?, floor: row.int32(3)? })
}

/// Notes up to which `pts` events were forgotten.
pub(crate) fn set_floor(tx: &mut Tx<'_>, owner: UserId, pts: i32) -> Result<(), StoreError> {
    tx.execute(SET_FLOOR, &[Value::Int(owner.0), Value::Int(pts.into())])?;
    Ok(())
}
