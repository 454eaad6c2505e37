//! The search index: keyed hashes of the words of each box's messages. Nothing of it can be read back.

use domain::UserId;

use crate::{StoreError, Tx, Value};

const FORGET: &str = "DELETE FROM words WHERE owner = $1 AND message_id = $2";

/// Takes a message out of the index.
pub fn forget(tx: &mut Tx<'_>, owner: UserId, message_id: i32) -> Result<(), StoreError> {
    tx.defer(FORGET, &[Value::Int(owner.0), Value::Int(message_id.into())])
}
