//! Putting one message into the boxes of both sides: the step that every way of sending shares.

use domain::{Peer, Time, UserId};
use store::boxes::Allocation;
use store::{StoreError, Tx, boxes, dialogs, histories, messages, saved};
use updates::Content;
use updates::log::{self, Origin, Position};

/// A message on its way into the boxes.
pub struct Draft {
    pub from: UserId,
    pub to: UserId,
    /// The sender's idempotency key.
    pub random_id: Option<i64>,
    /// Canonical bytes; each side's copy is sealed under its own key.
    pub content: Vec<u8>,
    pub silent: bool,
    /// In the sender's box.
    pub reply_to: Option<i32>,
    /// After how many seconds the message deletes itself.
    pub ttl: Option<i32>,
    pub service: bool,
    /// Only the receiver gets a copy (the service account keeps no box).
    pub one_sided: bool,
    pub origin: Origin,
}

/// What became of it in the sender's box (the receiver's, when that is the only one).
#[derive(Clone, Copy, Debug)]
pub struct Written {
    pub message_id: i32,
    pub position: Position,
    pub date: Time,
}

/// Writes the rows, dialogs and events of both sides.
///
/// Boxes are taken in rising order of owner, so that two people who write to each other at once do not
/// wait for each other.
pub fn write(tx: &mut Tx<'_>, draft: &Draft) -> Result<Written, StoreError> {
    let date = tx.now();
    let reply = reply_copies(tx, draft)?;
    let mut owners = vec![draft.to];
    if !draft.one_sided && draft.from != draft.to {
        owners.push(draft.from);
    }
    owners.sort_unstable();
    let mut places = Vec::with_capacity(2);
    for owner in owners {
        places.push((owner, boxes::allocate(tx, owner, 1, 1)?));
    }
    let mut written = None;
    for (owner, place) in &places {
        let twin = places.iter().find(|(other, _)| other != owner).map(|(_, other)| other.message_id);
        let copy = write_copy(tx, draft, *owner, *place, twin, date, reply.as_ref())?;
        if *owner == draft.from || draft.one_sided {
            written = Some(copy);
        }
    }
    written.ok_or_else(|| StoreError::corrupt("messages", "a message without a box"))
}

fn write_copy(
    tx: &mut Tx<'_>,
    draft: &Draft,
    owner: UserId,
    allocation: Allocation,
    twin: Option<i32>,
    date: Time,
    reply: Option<&ReplyCopies>,
) -> Result<Written, StoreError> {
    let mine = owner == draft.from;
    let peer = Peer::User(if mine { draft.to } else { draft.from });
    let mut flags = 0;
    if draft.silent {
        flags |= messages::flag::SILENT;
    }
    if draft.service {
        flags |= messages::flag::SERVICE;
    }
    let reply_to = reply.and_then(|reply| reply.iter().find(|(of, _)| *of == owner).map(|(_, id)| *id));
    messages::insert(
        tx,
        messages::Message {
            owner,
            id: allocation.message_id,
            peer,
            twin,
            from: draft.from,
            date,
            edit_date: None,
            flags,
            random_id: if mine { draft.random_id } else { None },
            reply_to,
            expires_at: draft.ttl.map(|secs| date.plus_secs(secs.into())),
            pts: allocation.pts,
            content: draft.content.clone(),
        },
    )?;
    if peer == Peer::User(owner) {
        let saved_from = Content::unpack(&draft.content)?.saved_from().unwrap_or(peer);
        saved::file(tx, owner, allocation.message_id, saved_from)?;
    }
    if mine {
        dialogs::sent(tx, owner, peer, allocation.message_id, date)?;
    } else {
        dialogs::received(tx, owner, peer, allocation.message_id, date, 1)?;
    }
    let position = log::arrived(tx, owner, allocation.pts, draft.origin);
    Ok(Written { message_id: allocation.message_id, position, date })
}

type ReplyCopies = Vec<(UserId, i32)>;

/// The ids that the answered message has in each box.
fn reply_copies(tx: &mut Tx<'_>, draft: &Draft) -> Result<Option<ReplyCopies>, StoreError> {
    let Some(id) = draft.reply_to else { return Ok(None) };
    let Some(row) = messages::get(tx, draft.from, id)? else { return Ok(None) };
    let mut copies = vec![(draft.from, id)];
    if let Some(twin) = row.twin() {
        copies.extend(histories::twins(tx, &[twin])?);
    }
    Ok(Some(copies))
}
