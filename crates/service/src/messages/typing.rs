//! `messages.setTyping`: "is typing …", which is told and forgotten.

use bus::Signal;
use domain::flood::TYPING;
use domain::{Error, Fault, Peer, UserId};

use super::send;
use crate::Service;

/// Tells the other side, if it is there to hear it. `action` is what the client sent, as canonical bytes.
/// Whoever does it too often is answered as ever, and nobody is told.
///
/// Errors: `PEER_ID_INVALID`, `YOU_BLOCKED_USER`, `USER_IS_BLOCKED`, `PRIVACY_PREMIUM_REQUIRED`.
pub async fn set(service: &Service, from: UserId, peer: Peer, action: Vec<u8>) -> Result<(), Error> {
    let Peer::User(to) = peer else { return Err(Fault::peer_id_invalid().into()) };
    if to == from || service.pace.take(&TYPING, from, service.now()).is_err() {
        return Ok(());
    }
    service.store.read(move |tx| send::may_reach(tx, from, to)).await?;
    service.signal(&Signal::Typing { from, to, action });
    Ok(())
}
