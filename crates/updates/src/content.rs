//! The part of a message that is the same for everybody who may see it.

use domain::text::{self, Styled};
use domain::{Fault, Peer, Time, UserId};
use store::StoreError;
use store::words::Kind;
use tl::{Decode, Encode};
use tl_api::{enums, types};

use crate::{entities, people};

/// A message without what depends on the viewer (its id, direction, reactions, unread marks).
///
/// Kept in the database as canonical TL bytes: whatever a later layer adds, every stored form can
/// still be read.
#[derive(Clone, Debug)]
pub struct Content(pub(crate) Body);

#[derive(Clone, Debug)]
pub(crate) enum Body {
    Text(Box<types::Message>),
    Action(Box<types::MessageService>),
}

/// Where a forwarded message comes from.
#[derive(Clone, Debug, Default)]
pub struct Forward {
    pub date: Time,
    /// The author, when their privacy lets forwards link to them.
    pub from: Option<UserId>,
    /// Their name, when it does not.
    pub from_name: Option<String>,
    /// For a copy in Saved Messages.
    pub saved: Option<SavedFrom>,
}

/// Where a message in Saved Messages was before.
#[derive(Clone, Debug)]
pub struct SavedFrom {
    pub peer: Peer,
    pub message_id: i32,
    /// The user wrote it.
    pub out: bool,
    /// Who had forwarded it, and when, if it was a forward already.
    pub forwarded: Option<(UserId, Time)>,
}

/// What a service message tells.
#[derive(Clone, Debug)]
pub enum Action {
    ContactJoined,
    PinMessage,
    /// The auto-delete timer was set; 0 is off.
    HistoryTtl {
        secs: i32,
        auto: Option<UserId>,
    },
    HistoryClear,
}

/// What is quoted of the message that a message answers.
#[derive(Clone, Debug)]
pub struct Quote {
    pub text: String,
    pub entities: Vec<domain::text::Entity>,
    /// Where the quote stands in that message, in UTF-16 code units.
    pub offset: Option<i32>,
}

impl Quote {
    /// The same with its text cleaned and its entities in order.
    ///
    /// Errors: `QUOTE_TEXT_INVALID` and the entities'.
    pub fn cleaned(self) -> Result<Self, Fault> {
        let Styled { text, entities } = text::quote(&self.text, self.entities)?;
        Ok(Self { text, entities, offset: self.offset })
    }

    /// The same with the place where the answered message really has it; `None` where it does not say so.
    pub fn found_in(mut self, answered: &Content) -> Option<Self> {
        let near = self.offset.and_then(|offset| usize::try_from(offset).ok()).unwrap_or(0);
        let found = text::find(answered.plain_text(), &self.text, near)?;
        self.offset = self.offset.and(i32::try_from(found).ok());
        Some(self)
    }
}

impl Content {
    pub fn text(styled: &Styled) -> Self {
        let mut message = types::Message { message: styled.text.clone(), ..Default::default() };
        message.entities = some_entities(styled);
        Self(Body::Text(Box::new(message)))
    }

    pub fn action(action: &Action) -> Self {
        let action = match action {
            Action::ContactJoined => enums::MessageAction::ContactSignUp,
            Action::PinMessage => enums::MessageAction::PinMessage,
            Action::HistoryClear => enums::MessageAction::HistoryClear,
            Action::HistoryTtl { secs, auto } => {
                types::MessageActionSetMessagesTtl { period: *secs, auto_setting_from: auto.map(|id| id.0) }
                    .into()
            }
        };
        Self(Body::Action(Box::new(types::MessageService { action, ..Default::default() })))
    }

    #[must_use]
    pub fn with_media(mut self, media: Option<enums::MessageMedia>) -> Self {
        if let Body::Text(message) = &mut self.0 {
            message.media = media;
        }
        self
    }

    #[must_use]
    pub fn with_forward(mut self, forward: &Forward) -> Self {
        if let Body::Text(message) = &mut self.0 {
            let saved = forward.saved.as_ref();
            let header = types::MessageFwdHeader {
                date: forward.date.wire(),
                from_id: forward.from.map(|id| people::peer(id.into())),
                from_name: forward.from_name.clone(),
                saved_out: saved.is_some_and(|saved| saved.out),
                saved_from_peer: saved.map(|saved| people::peer(saved.peer)),
                saved_from_msg_id: saved.map(|saved| saved.message_id),
                saved_from_id: saved.and_then(|saved| saved.forwarded).map(|(by, _)| people::peer(by.into())),
                saved_date: saved.and_then(|saved| saved.forwarded).map(|(_, date)| date.wire()),
                ..Default::default()
            };
            message.fwd_from = Some(header);
        }
        self
    }

    /// The message as it goes to somewhere else: what tied it to its place (reply, timer, origin) is gone.
    #[must_use]
    pub fn detached(mut self) -> Self {
        if let Body::Text(message) = &mut self.0 {
            message.fwd_from = None;
            message.reply_to = None;
            message.ttl_period = None;
        }
        self
    }

    #[must_use]
    pub fn with_quote(mut self, quote: &Quote) -> Self {
        let header = types::MessageReplyHeader {
            quote: true,
            quote_text: Some(quote.text.clone()),
            quote_entities: (!quote.entities.is_empty()).then(|| entities::to_tl(&quote.entities)),
            quote_offset: quote.offset,
            ..Default::default()
        };
        if let Body::Text(message) = &mut self.0 {
            message.reply_to = Some(header.into());
        }
        self
    }

    /// The message without what it quotes: what it answered is gone.
    #[must_use]
    pub fn without_quote(mut self) -> Self {
        if let Body::Text(message) = &mut self.0 {
            message.reply_to = None;
        }
        self
    }

    #[must_use]
    pub fn with_ttl(mut self, secs: Option<i32>) -> Self {
        match &mut self.0 {
            Body::Text(message) => message.ttl_period = secs,
            Body::Action(message) => message.ttl_period = secs,
        }
        self
    }

    #[must_use]
    pub fn with_noforwards(mut self, noforwards: bool) -> Self {
        if let Body::Text(message) = &mut self.0 {
            message.noforwards = noforwards;
        }
        self
    }

    /// The same message with other text; media, forward and reply stay.
    #[must_use]
    pub fn with_text(mut self, styled: &Styled) -> Self {
        if let Body::Text(message) = &mut self.0 {
            message.message = styled.text.clone();
            message.entities = some_entities(styled);
        }
        self
    }

    /// The text of a message; empty for a service message.
    pub fn plain_text(&self) -> &str {
        match &self.0 {
            Body::Text(message) => &message.message,
            Body::Action(_) => "",
        }
    }

    /// What the message has besides words that can be searched for.
    pub fn kinds(&self) -> Vec<Kind> {
        let Body::Text(message) = &self.0 else { return Vec::new() };
        let link = message.entities.iter().flatten().any(|entity| {
            matches!(
                entity,
                enums::MessageEntity::Url(_)
                    | enums::MessageEntity::TextUrl(_)
                    | enums::MessageEntity::Email(_)
            )
        });
        if link { vec![Kind::Url] } else { Vec::new() }
    }

    pub fn is_action(&self) -> bool {
        matches!(self.0, Body::Action(_))
    }

    pub fn noforwards(&self) -> bool {
        matches!(&self.0, Body::Text(message) if message.noforwards)
    }

    pub fn ttl(&self) -> Option<i32> {
        match &self.0 {
            Body::Text(message) => message.ttl_period,
            Body::Action(message) => message.ttl_period,
        }
    }

    pub fn media(&self) -> Option<&enums::MessageMedia> {
        match &self.0 {
            Body::Text(message) => message.media.as_ref(),
            Body::Action(_) => None,
        }
    }

    /// Where a message comes from that is itself a forward.
    pub fn forward(&self) -> Option<Forward> {
        let Body::Text(message) = &self.0 else { return None };
        let header = message.fwd_from.as_ref()?;
        let from = match header.from_id {
            Some(enums::Peer::User(ref peer)) => Some(UserId(peer.user_id)),
            _ => None,
        };
        Some(Forward {
            date: Time::from_secs(header.date.into()),
            from,
            from_name: header.from_name.clone(),
            saved: None,
        })
    }

    /// The dialog that a message in Saved Messages was saved from.
    pub fn saved_from(&self) -> Option<Peer> {
        let Body::Text(message) = &self.0 else { return None };
        match message.fwd_from.as_ref()?.saved_from_peer.as_ref()? {
            enums::Peer::User(peer) => Some(Peer::User(UserId(peer.user_id))),
            _ => None,
        }
    }

    /// Whether this stands where a history was cleared.
    pub fn is_history_clear(&self) -> bool {
        matches!(&self.0, Body::Action(message) if message.action == enums::MessageAction::HistoryClear)
    }

    /// Whether both say the same, so that an edit would change nothing.
    pub fn says_the_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Body::Text(a), Body::Text(b)) => {
                a.message == b.message
                    && a.media == b.media
                    && a.entities.as_deref().unwrap_or_default() == b.entities.as_deref().unwrap_or_default()
            }
            _ => false,
        }
    }

    /// The canonical bytes that the database keeps.
    pub fn pack(&self) -> Vec<u8> {
        let layer = tl_api::NEWEST_LAYER;
        let packed = match &self.0 {
            Body::Text(message) => message.to_bytes(layer),
            Body::Action(message) => message.to_bytes(layer),
        };
        packed.expect("a message has a form in the newest layer")
    }

    pub fn unpack(bytes: &[u8]) -> Result<Self, StoreError> {
        match enums::Message::from_bytes(bytes) {
            Ok(enums::Message::Message(message)) => Ok(Self(Body::Text(message))),
            Ok(enums::Message::Service(message)) => Ok(Self(Body::Action(message))),
            _ => Err(StoreError::corrupt("messages", "content")),
        }
    }
}

fn some_entities(styled: &Styled) -> Option<Vec<enums::MessageEntity>> {
    (!styled.entities.is_empty()).then(|| entities::to_tl(&styled.entities))
}
