//! `messages.editMessage`: saying it better, on both sides.

use std::sync::Arc;

use domain::flood::SEND_MESSAGES;
use domain::text::{self, Entity};
use domain::{Error, Fault, Peer, UserId, limits};
use store::messages::{self, Message};
use store::{Tx, privacy, users};
use updates::Content;
use updates::log::{self, Event, Origin, Position};

use crate::Service;

pub struct Edit {
    pub editor: UserId,
    pub peer: Peer,
    pub id: i32,
    /// `None` leaves the text as it is.
    pub text: Option<String>,
    pub entities: Vec<Entity>,
    pub origin: Origin,
}

/// Changes a message in every box that still has it. Gives the event of the editor's own box.
///
/// Errors: those of [`check`], `MESSAGE_EMPTY`, `MESSAGE_TOO_LONG`, `ENTITY_BOUNDS_INVALID`,
/// `MESSAGE_NOT_MODIFIED`, `USER_IS_BLOCKED`, `INPUT_USER_DEACTIVATED`, `FLOOD_WAIT_x`.
pub async fn edit(service: &Service, command: Edit) -> Result<Position, Error> {
    let text = command.text.as_deref();
    let styled = text.map(|text| text::message(text, command.entities)).transpose()?;
    let pace = Arc::clone(&service.pace);
    let (editor, peer, id, origin) = (command.editor, command.peer, command.id, command.origin);
    service
        .store
        .write(move |tx| {
            let (row, content) = check(tx, editor, peer, id)?;
            pace.take(&tx.budget(&SEND_MESSAGES), editor, tx.now())?;
            if let Peer::User(partner) = peer
                && users::is_deleted(tx, partner)?
            {
                return Err(Fault::input_user_deactivated().into());
            }
            if let Peer::User(partner) = peer
                && privacy::is_blocked(tx, partner, editor.into())?
            {
                return Err(Fault::user_is_blocked().into());
            }
            let styled = styled.ok_or_else(Fault::message_not_modified)?;
            if content.clone().with_text(&styled).says_the_same(&content) {
                return Err(Fault::message_not_modified().into());
            }
            let mut own = None;
            for copy in messages::copies(tx, row)? {
                let content = Content::unpack(&copy.content)?.with_text(&styled);
                messages::set_content(tx, copy.owner, copy.id, &content.pack(), Some(tx.now()))?;
                let event = Event::EditMessage { message_id: copy.id };
                let position = log::append(tx, copy.owner, event, origin)?;
                if copy.owner == editor {
                    own = Some(position);
                }
            }
            own.ok_or_else(|| Error::internal("a message that is no copy of itself"))
        })
        .await
}

/// The message, if `editor` may edit it: their own words, in a private chat not older than two days.
///
/// Errors: `MESSAGE_ID_INVALID`, `MESSAGE_AUTHOR_REQUIRED`, `MESSAGE_EDIT_TIME_EXPIRED`.
pub fn check(tx: &mut Tx<'_>, editor: UserId, peer: Peer, id: i32) -> Result<(Message, Content), Error> {
    let row = messages::get(tx, editor, id)?
        .filter(|row| row.peer == peer && !row.has(messages::flag::SERVICE))
        .ok_or_else(Fault::message_id_invalid)?;
    let content = Content::unpack(&row.content)?;
    if row.from != editor || content.forward().is_some() {
        return Err(Fault::message_author_required().into());
    }
    let until = row.date.plus_secs(limits::EDIT_TIME_SECS);
    if peer != Peer::User(editor) && tx.now() > until {
        return Err(Fault::message_edit_time_expired().into());
    }
    Ok((row, content))
}
