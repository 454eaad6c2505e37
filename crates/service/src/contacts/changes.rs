//! Telling devices that a list of contacts changed.

use std::collections::BTreeSet;

use domain::{Error, Peer, UserId, limits};
use store::Tx;
use updates::log::{self, Origin, Position};
use updates::{event, people};

/// Tells the owner's devices of contacts that are new, renamed or gone, and those whom it concerns that
/// their side of it looks different: whether the contact is mutual, and which number they see.
///
/// Gives the owner's events. Boxes are taken in rising order of owner.
pub fn tell(
    tx: &mut Tx<'_>,
    owner: UserId,
    changed: &BTreeSet<UserId>,
    origin: Origin,
) -> Result<Vec<Position>, Error> {
    let mut positions = Vec::new();
    for user in changed.iter().filter(|user| **user < owner) {
        tell_other(tx, *user, owner)?;
    }
    if changed.len() > limits::CONTACT_EVENTS {
        positions.push(log::append(tx, owner, event::contacts_reset(), origin)?);
    } else {
        for user in changed {
            let event = event::peer_settings(tx, owner, Peer::User(*user))?;
            positions.push(log::append(tx, owner, event, origin)?);
        }
    }
    for user in changed.iter().filter(|user| **user > owner) {
        tell_other(tx, *user, owner)?;
    }
    Ok(positions)
}

/// Somebody who knows `owner` gets to see them in a new way; whoever does not is told nothing.
pub fn tell_other(tx: &mut Tx<'_>, other: UserId, owner: UserId) -> Result<(), Error> {
    if people::knows(tx, other, owner)? {
        log::append(tx, other, event::user(owner), None)?;
    }
    Ok(())
}
