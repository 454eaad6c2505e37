//! Counting what may be done only so often.

use domain::Fault;
use domain::flood::{Budget, Window};
use store::{StoreError, Tx, codes};

/// Takes `count` from the budget that `subject` (a number, a key, an address) has.
///
/// The counter is written in the caller's transaction: where the caller fails afterwards and the try
/// is to count all the same, it has to end its transaction well and report the failure as its result.
pub fn take(
    tx: &mut Tx<'_>,
    budget: &Budget,
    subject: &str,
    count: u32,
) -> Result<Result<(), Fault>, StoreError> {
    let name = format!("{}:{subject}", budget.name);
    let window = codes::counter(tx, &name)?.map(|(start, count)| Window { start, count });
    match budget.take_many(window, tx.now(), count) {
        Ok(window) => {
            codes::set_counter(tx, &name, window.start, window.count)?;
            Ok(Ok(()))
        }
        Err(fault) => Ok(Err(fault)),
    }
}
