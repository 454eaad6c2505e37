//! Counting what may be done only so often.

use domain::Fault;
use domain::flood::{Budget, Window};
use store::{StoreError, Tx, codes};

/// The fault that the next try would be refused with, when the budget is used up. Takes nothing.
pub fn spent(tx: &mut Tx<'_>, budget: &Budget, subject: &str) -> Result<Option<Fault>, StoreError> {
    let window = codes::counter(tx, &name(budget, subject))?.map(|(start, count)| Window { start, count });
    Ok(tx.budget(budget).wait_secs(window, tx.now()).map(Fault::flood_wait))
}

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
    match charge(tx, budget, subject, count)? {
        Ok(charge) => charge.pay(tx).map(Ok),
        Err(fault) => Ok(Err(fault)),
    }
}

/// What a budget allows and nobody has taken yet.
#[must_use]
pub struct Charge {
    name: String,
    window: Window,
}

/// The first half of [`take`], for whoever has more to check before anything is written.
pub fn charge(
    tx: &mut Tx<'_>,
    budget: &Budget,
    subject: &str,
    count: u32,
) -> Result<Result<Charge, Fault>, StoreError> {
    let name = name(budget, subject);
    let window = codes::counter(tx, &name)?.map(|(start, count)| Window { start, count });
    Ok(tx.budget(budget).take_many(window, tx.now(), count).map(|window| Charge { name, window }))
}

impl Charge {
    pub fn pay(self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        codes::set_counter(tx, &self.name, self.window.start, self.window.count)
    }
}

fn name(budget: &Budget, subject: &str) -> String {
    format!("{}:{subject}", budget.name)
}
