//! Writing to people whom one has nothing to do with: so often a day.

use domain::flood::STRANGERS;
use domain::{Error, Fault, Peer, UserId};
use store::between::Standing;
use store::{StoreError, Tx, contacts, messages, scheduled};

use crate::accounts::flood;

/// Takes the first message to a stranger from the sender's budget. It counts only if the transaction ends well.
///
/// Errors: `PEER_FLOOD`.
pub fn charge(tx: &mut Tx<'_>, from: UserId, to: UserId, dialog: Option<Standing>) -> Result<(), Error> {
    if from == to || know_each_other(tx, from, to, dialog)? {
        return Ok(());
    }
    flood::take(tx, &STRANGERS, &from.0.to_string(), 1)?.map_err(|_| Fault::peer_flood().into())
}

/// Whether there is a dialog, or a message for later, between the two, or the receiver saved the sender or
/// wrote to them.
fn know_each_other(
    tx: &mut Tx<'_>,
    from: UserId,
    to: UserId,
    dialog: Option<Standing>,
) -> Result<bool, StoreError> {
    let peer = Peer::User(to);
    Ok(dialog.is_some_and(|dialog| dialog.top_message > 0)
        || contacts::is_contact(tx, to, from)?
        || messages::has_written(tx, to, from.into())?
        || scheduled::count(tx, from, peer)? > 0)
}
