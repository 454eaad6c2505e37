//! Drafts: what somebody began to write in a dialog.

use domain::text::Styled;
use domain::{Time, UserId};
use store::{StoreError, Tx, dialogs};
use tl::{Decode, Encode};
use tl_api::{enums, types};

use crate::content::Quote;
use crate::render::Rendered;
use crate::{entities, people};

/// A draft in the domain's terms.
#[derive(Clone, Debug)]
pub struct Draft {
    pub text: Styled,
    /// Id, in the owner's box, of the message that is answered.
    pub reply_to: Option<i32>,
    pub quote: Option<Quote>,
    pub no_webpage: bool,
    pub invert_media: bool,
}

impl Draft {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        self.text.text.is_empty() && self.reply_to.is_none()
    }

    /// The canonical bytes that the database keeps.
    pub fn pack(&self, date: Time) -> Vec<u8> {
        let draft: enums::DraftMessage = self.to_tl(date.wire()).into();
        draft.to_bytes(tl_api::NEWEST_LAYER).expect("a draft has a form in the newest layer")
    }

    /// Whether a stored draft says the same, whenever it was written.
    pub fn is_same(&self, stored: &[u8]) -> Result<bool, StoreError> {
        match unpack(stored)? {
            enums::DraftMessage::DraftMessage(stored) => Ok(self.to_tl(stored.date) == *stored),
            enums::DraftMessage::Empty(_) => Ok(self.is_empty()),
        }
    }

    fn to_tl(&self, date: i32) -> types::DraftMessage {
        let quote = self.quote.as_ref();
        let reply_to = self.reply_to.map(|id| {
            types::InputReplyToMessage {
                reply_to_msg_id: id,
                quote_text: quote.map(|quote| quote.text.clone()),
                quote_entities: quote
                    .filter(|quote| !quote.entities.is_empty())
                    .map(|quote| entities::to_tl(&quote.entities)),
                quote_offset: quote.and_then(|quote| quote.offset),
                ..Default::default()
            }
            .into()
        });
        types::DraftMessage {
            no_webpage: self.no_webpage,
            invert_media: self.invert_media,
            reply_to,
            // The same once more, where older layers look for it.
            reply_to_msg_id: self.reply_to,
            message: self.text.text.clone(),
            entities: (!self.text.entities.is_empty()).then(|| entities::to_tl(&self.text.entities)),
            date,
            ..Default::default()
        }
    }
}

/// Reads stored bytes.
pub fn unpack(bytes: &[u8]) -> Result<enums::DraftMessage, StoreError> {
    enums::DraftMessage::from_bytes(bytes).map_err(|_| StoreError::corrupt("dialogs", "draft"))
}

/// Every draft of a user's, as the updates that tell of them.
pub fn all(tx: &mut Tx<'_>, owner: UserId) -> Result<Rendered, StoreError> {
    let mut rendered = Rendered::default();
    for dialog in dialogs::with_draft(tx, owner)? {
        if let Some(bytes) = &dialog.draft {
            rendered.mentioned.peer(dialog.peer);
            let (peer, draft) = (people::peer(dialog.peer), unpack(bytes)?);
            rendered.push(types::UpdateDraftMessage { peer, draft, ..Default::default() });
        }
    }
    Ok(rendered)
}
