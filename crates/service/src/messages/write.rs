//! Putting one message into the boxes of both sides: the step that every way of sending shares.

use domain::{Peer, Time, UserId};
use store::boxes::Allocation;
use store::messages::{self, Message};
use store::{StoreError, Tx, boxes, dialogs, histories, saved};
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

/// Writes the rows and dialogs of both sides, and tells of them.
///
/// Boxes are taken in rising order of owner, so that two people who write to each other at once do not
/// wait for each other.
pub fn write(tx: &mut Tx<'_>, draft: &Draft) -> Result<Written, StoreError> {
    let copying = Copying { draft, reply: reply_copies(tx, draft)?, date: tx.now() };
    if draft.one_sided || draft.from == draft.to {
        return copying.write_one(tx);
    }
    let (own, theirs) = boxes::allocate_two(tx, draft.from, draft.to)?;
    let copies = [
        copying.copy(draft.from, own, Some(theirs.message_id)),
        copying.copy(draft.to, theirs, Some(own.message_id)),
    ];
    messages::insert_two(tx, copies)?;
    let ends = [(draft.from, own.message_id), (draft.to, theirs.message_id)];
    dialogs::exchanged(tx, ends[0], ends[1], copying.date)?;
    log::arrived(tx, draft.to, theirs.pts, draft.origin);
    Ok(copying.written(tx, draft.from, own))
}

/// A message while its copies are made.
struct Copying<'a> {
    draft: &'a Draft,
    reply: Option<ReplyCopies>,
    date: Time,
}

impl Copying<'_> {
    /// The only copy that there is.
    fn write_one(&self, tx: &mut Tx<'_>) -> Result<Written, StoreError> {
        let (from, owner) = (self.draft.from, self.draft.to);
        let place = boxes::allocate(tx, owner, 1, 1)?;
        let id = place.message_id;
        messages::insert(tx, self.copy(owner, place, None))?;
        if from == owner {
            let peer = Peer::User(owner);
            let saved_from = Content::unpack(&self.draft.content)?.saved_from().unwrap_or(peer);
            saved::file(tx, owner, id, saved_from)?;
            dialogs::sent(tx, owner, peer, id, self.date)?;
        } else {
            dialogs::received(tx, owner, Peer::User(from), id, self.date, 1)?;
        }
        Ok(self.written(tx, owner, place))
    }

    fn copy(&self, owner: UserId, place: Allocation, twin: Option<i32>) -> Message {
        let draft = self.draft;
        let mine = owner == draft.from;
        let mut flags = 0;
        if draft.silent {
            flags |= messages::flag::SILENT;
        }
        if draft.service {
            flags |= messages::flag::SERVICE;
        }
        let reply = self.reply.iter().flatten().find(|(of, _)| *of == owner);
        Message {
            owner,
            id: place.message_id,
            peer: Peer::User(if mine { draft.to } else { draft.from }),
            twin,
            from: draft.from,
            date: self.date,
            edit_date: None,
            flags,
            random_id: if mine { draft.random_id } else { None },
            reply_to: reply.map(|(_, id)| *id),
            expires_at: draft.ttl.map(|secs| self.date.plus_secs(secs.into())),
            pts: place.pts,
            content: draft.content.clone(),
        }
    }

    fn written(&self, tx: &mut Tx<'_>, owner: UserId, place: Allocation) -> Written {
        let position = log::arrived(tx, owner, place.pts, self.draft.origin);
        Written { message_id: place.message_id, position, date: self.date }
    }
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
