//! `contacts.block`, `contacts.unblock` and `contacts.setBlocked`: who may not write.

use std::collections::BTreeSet;

use domain::ids::SERVICE_USER;
use domain::{Error, Fault, Peer, UserId, limits};
use store::{Tx, privacy, users};
use updates::event;
use updates::log::{self, Origin};

use crate::Service;

/// Blocks somebody: they cannot write to the owner, nor see when the owner was online.
///
/// Errors: `PEER_ID_INVALID`, `CONTACT_ID_INVALID`, `INPUT_USER_DEACTIVATED`.
pub async fn block(service: &Service, owner: UserId, peer: Peer, origin: Origin) -> Result<(), Error> {
    service
        .store
        .write(move |tx| {
            check(tx, owner, peer)?;
            set(tx, owner, peer, true, origin)
        })
        .await
}

/// Lets somebody write again.
///
/// Errors: none of its own.
pub async fn unblock(service: &Service, owner: UserId, peer: Peer, origin: Origin) -> Result<(), Error> {
    service.store.write(move |tx| set(tx, owner, peer, false, origin)).await
}

/// Makes the list of those who are blocked anew. Of those who were, only the latest `among` are looked at
/// (all, when it is 0): a client that knows a part of the list changes that part alone.
///
/// Errors: `INPUT_REQUEST_TOO_LONG`, those of [`block`].
pub async fn set_all(
    service: &Service,
    owner: UserId,
    peers: Vec<Peer>,
    among: i64,
    origin: Origin,
) -> Result<(), Error> {
    if peers.len() > limits::BLOCKED_SET {
        return Err(Fault::request_too_long().into());
    }
    service
        .store
        .write(move |tx| {
            let among = if among > 0 { among } else { i64::MAX };
            let before: BTreeSet<Peer> =
                privacy::blocked(tx, owner, among, 0)?.into_iter().map(|(peer, _)| peer).collect();
            let after: BTreeSet<Peer> = peers.into_iter().collect();
            for peer in after.difference(&before) {
                check(tx, owner, *peer)?;
                set(tx, owner, *peer, true, origin)?;
            }
            for peer in before.difference(&after) {
                set(tx, owner, *peer, false, origin)?;
            }
            Ok(())
        })
        .await
}

fn check(tx: &mut Tx<'_>, owner: UserId, peer: Peer) -> Result<(), Error> {
    let Peer::User(user) = peer else { return Err(Fault::peer_id_invalid().into()) };
    if user == owner || user == SERVICE_USER {
        return Err(Fault::contact_id_invalid().into());
    }
    match users::find(tx, user)? {
        users::Account::Living(_) => Ok(()),
        users::Account::Deleted => Err(Fault::input_user_deactivated().into()),
        users::Account::None => Err(Fault::peer_id_invalid().into()),
    }
}

fn set(tx: &mut Tx<'_>, owner: UserId, peer: Peer, blocked: bool, origin: Origin) -> Result<(), Error> {
    let changed = if blocked { privacy::block(tx, owner, peer)? } else { privacy::unblock(tx, owner, peer)? };
    if changed {
        log::append(tx, owner, event::peer_blocked(peer, blocked), origin)?;
    }
    Ok(())
}
