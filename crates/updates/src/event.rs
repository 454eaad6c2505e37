//! Events that stand in the log as finished updates: one function for each.

use domain::{Peer, Time};
use store::Tx;
use tl_api::types;

use crate::log::Event;
use crate::people;

/// The number by which a user's devices name an authorization to each other. It says nothing of the key.
pub fn authorization_hash(tx: &Tx<'_>, auth_key_id: i64) -> i64 {
    let hash = tx.keyed_hash("authorization", &auth_key_id.to_be_bytes());
    hash.iter().take(8).fold(0i64, |number, byte| (number << 8) | i64::from(*byte))
}

pub fn new_authorization(hash: i64, date: Time, device: &str, address: &str) -> Event {
    Event::beside(types::UpdateNewAuthorization {
        unconfirmed: true,
        hash,
        date: Some(date.wire()),
        device: Some(device.to_owned()),
        location: Some(address.to_owned()),
    })
}

pub fn draft_cleared(peer: Peer, date: Time) -> Event {
    Event::beside(types::UpdateDraftMessage {
        peer: people::peer(peer),
        draft: types::DraftMessageEmpty { date: Some(date.wire()) }.into(),
        ..Default::default()
    })
}

pub fn peer_history_ttl(peer: Peer, secs: Option<i32>) -> Event {
    Event::beside(types::UpdatePeerHistoryTtl { peer: people::peer(peer), ttl_period: secs })
}
