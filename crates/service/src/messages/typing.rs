//! `messages.setTyping`: "is typing …", which is told and forgotten.

use bus::Signal;
use domain::{Error, Fault, Peer, UserId};
use store::privacy;

use crate::Service;

/// Tells the other side, if it is there to hear it. `action` is what the client sent, as canonical bytes.
///
/// Errors: `PEER_ID_INVALID`, `YOU_BLOCKED_USER`, `USER_IS_BLOCKED`.
pub async fn set(service: &Service, from: UserId, peer: Peer, action: Vec<u8>) -> Result<(), Error> {
    let Peer::User(to) = peer else { return Err(Fault::peer_id_invalid().into()) };
    if to == from {
        return Ok(());
    }
    service
        .store
        .read(move |tx| -> Result<(), Error> {
            if privacy::is_blocked(tx, from, to.into())? {
                return Err(Fault::you_blocked_user().into());
            }
            if privacy::is_blocked(tx, to, from.into())? {
                return Err(Fault::user_is_blocked().into());
            }
            Ok(())
        })
        .await?;
    service.signal(&Signal::Typing { from, to, action });
    Ok(())
}
