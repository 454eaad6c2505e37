//! Messages that wait for their time, as the one who will send them sees them.

use domain::{Peer, UserId};
use store::messages;
use store::scheduled::{self, Scheduled};
use store::{StoreError, Tx};
use tl_api::{enums, types};

use crate::log::{Event, Position};
use crate::people::{self, Mentioned};
use crate::render::{self, Rendered};
use crate::{Presence, message, offsets};

/// A waiting message in its wire form: its date is when it will be sent.
pub fn render(
    tx: &mut Tx<'_>,
    row: &Scheduled,
    mentioned: &mut Mentioned,
) -> Result<enums::Message, StoreError> {
    let shown = messages::Message {
        owner: row.owner,
        id: row.id,
        peer: row.peer,
        twin: None,
        from: row.owner,
        date: row.date,
        edit_date: row.edit_date,
        flags: row.flags,
        random_id: row.random_id,
        reply_to: row.reply_to,
        expires_at: None,
        pts: 0,
        content: row.content.clone(),
    };
    message::render(tx, &shown, mentioned)
}

/// Word of a new or changed waiting message.
pub fn changed(row: &Scheduled) -> Event {
    Event::Scheduled { peer: row.peer, id: row.id }
}

/// Word that messages wait no more; `sent` are their ids in the box, where they were sent.
pub fn gone(peer: Peer, ids: &[i32], sent: &[i32]) -> Event {
    Event::beside(types::UpdateDeleteScheduledMessages {
        peer: people::peer(peer),
        messages: ids.to_vec(),
        sent_messages: (!sent.is_empty()).then(|| sent.to_vec()),
    })
}

/// The answer to a call that scheduled messages: these, as they are now, and the events beside them.
pub fn answer(
    tx: &mut Tx<'_>,
    owner: UserId,
    ids: &[i32],
    positions: &[Position],
    presence: &Presence,
) -> Result<types::Updates, StoreError> {
    let mut rendered = Rendered::default();
    for id in ids {
        if let Some(row) = scheduled::get(tx, owner, *id)? {
            let message = render(tx, &row, &mut rendered.mentioned)?;
            rendered.push(types::UpdateNewScheduledMessage { message });
        }
    }
    render::collect(tx, owner, positions, &mut rendered)?;
    rendered.into_updates(tx, owner, presence)
}

/// All that waits in a dialog, the last to be sent first; `NotModified` when the client has it by `hash`.
pub fn list(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    hash: i64,
    presence: &Presence,
) -> Result<enums::messages::Messages, StoreError> {
    let rows = scheduled::of_peer(tx, owner, peer)?;
    let numbers = rows
        .iter()
        .flat_map(|row| [i64::from(row.id), row.edit_date.map_or(0, |at| at.secs()), row.date.secs()]);
    if hash != 0 && hash == offsets::list_hash(numbers) {
        let count = i32::try_from(rows.len()).unwrap_or(i32::MAX);
        return Ok(types::messages::MessagesNotModified { count }.into());
    }
    let mut mentioned = Mentioned::default();
    let messages = rows.iter().map(|row| render(tx, row, &mut mentioned)).collect::<Result<Vec<_>, _>>()?;
    let users = mentioned.users(tx, owner, presence)?;
    Ok(types::messages::Messages { messages, users, ..Default::default() }.into())
}

/// Waiting messages by id, in the order asked for; `messageEmpty` where there is none.
pub fn by_ids(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    ids: &[i32],
    presence: &Presence,
) -> Result<enums::messages::Messages, StoreError> {
    let mut mentioned = Mentioned::default();
    let mut messages = Vec::with_capacity(ids.len());
    for id in ids {
        messages.push(match scheduled::get(tx, owner, *id)?.filter(|row| row.peer == peer) {
            Some(row) => render(tx, &row, &mut mentioned)?,
            None => types::MessageEmpty { id: *id, ..Default::default() }.into(),
        });
    }
    let users = mentioned.users(tx, owner, presence)?;
    Ok(types::messages::Messages { messages, users, ..Default::default() }.into())
}
