//! One message as the owner of a box sees it.

use domain::{Peer, UserId};
use store::{StoreError, Tx, messages, reactions};
use tl_api::{enums, types};

use crate::content::{Body, Content};
use crate::people::{self, Mentioned};

/// The wire form of a stored message. Whoever stands in it is noted in `mentioned`.
pub fn render(
    tx: &mut Tx<'_>,
    row: &messages::Message,
    mentioned: &mut Mentioned,
) -> Result<enums::Message, StoreError> {
    let mut message = bare(row, mentioned)?;
    if let enums::Message::Message(text) = &mut message
        && row.has(messages::flag::HAS_REACTIONS)
    {
        text.reactions = Some(reactions_of(tx, row, mentioned)?);
    }
    Ok(message)
}

/// The same without reactions.
pub(crate) fn bare(row: &messages::Message, mentioned: &mut Mentioned) -> Result<enums::Message, StoreError> {
    let content = Content::unpack(&row.content)?;
    mentioned.peer(row.peer);
    mentioned.user(row.from);
    Ok(match content.0 {
        Body::Text(message) => text(row, message, mentioned).into(),
        Body::Action(message) => action(row, *message, mentioned).into(),
    })
}

fn text(
    row: &messages::Message,
    mut message: Box<types::Message>,
    mentioned: &mut Mentioned,
) -> types::Message {
    message.id = row.id;
    message.out = row.out();
    message.silent = row.has(messages::flag::SILENT);
    message.from_scheduled = row.has(messages::flag::FROM_SCHEDULED);
    message.pinned = row.has(messages::flag::PINNED);
    message.mentioned = row.has(messages::flag::MENTIONED);
    message.media_unread = row.has(messages::flag::MEDIA_UNREAD);
    message.from_id = Some(people::peer(row.from.into()));
    message.peer_id = people::peer(row.peer);
    message.saved_peer_id = saved_peer(row, &message);
    message.date = row.date.wire();
    message.edit_date = row.edit_date.map(domain::Time::wire);
    message.reply_to = reply(row, message.reply_to.take());
    mention(&message, mentioned);
    *message
}

/// Notes everybody who stands in a message.
pub fn mention(message: &types::Message, mentioned: &mut Mentioned) {
    mentioned.tl_peer(Some(&message.peer_id));
    mentioned.tl_peer(message.from_id.as_ref());
    if let Some(forward) = &message.fwd_from {
        mentioned.tl_peer(forward.from_id.as_ref());
        mentioned.tl_peer(forward.saved_from_peer.as_ref());
    }
    for entity in message.entities.iter().flatten() {
        if let enums::MessageEntity::MentionName(name) = entity {
            mentioned.user(UserId(name.user_id));
        }
    }
}

fn action(
    row: &messages::Message,
    mut message: types::MessageService,
    mentioned: &mut Mentioned,
) -> types::MessageService {
    if let enums::MessageAction::SetMessagesTtl(timer) = &message.action
        && let Some(whose) = timer.auto_setting_from
    {
        mentioned.user(UserId(whose));
    }
    message.id = row.id;
    message.out = row.out();
    message.silent = row.has(messages::flag::SILENT);
    message.mentioned = row.has(messages::flag::MENTIONED);
    message.media_unread = row.has(messages::flag::MEDIA_UNREAD);
    message.from_id = Some(people::peer(row.from.into()));
    message.peer_id = people::peer(row.peer);
    if row.peer == Peer::User(row.owner) {
        message.saved_peer_id = Some(people::peer(row.peer));
    }
    message.date = row.date.wire();
    message.reply_to = reply(row, None);
    message
}

/// In the chat with oneself, the dialog that a message was saved from.
fn saved_peer(row: &messages::Message, message: &types::Message) -> Option<enums::Peer> {
    if row.peer != Peer::User(row.owner) {
        return None;
    }
    let from = message.fwd_from.as_ref().and_then(|forward| forward.saved_from_peer.clone());
    Some(from.unwrap_or_else(|| people::peer(row.peer)))
}

/// The reply header with the id that the answered message has in this box.
fn reply(
    row: &messages::Message,
    stored: Option<enums::MessageReplyHeader>,
) -> Option<enums::MessageReplyHeader> {
    let header = match (stored, row.reply_to) {
        (None, None) => return None,
        (None, Some(_)) => types::MessageReplyHeader::default(),
        (Some(enums::MessageReplyHeader::MessageReplyHeader(header)), _) => *header,
        (other, _) => return other,
    };
    Some(types::MessageReplyHeader { reply_to_msg_id: row.reply_to, ..header }.into())
}

/// Reactions with the counts and the people behind them, as a private chat shows both.
pub fn reactions_of(
    tx: &mut Tx<'_>,
    row: &messages::Message,
    mentioned: &mut Mentioned,
) -> Result<types::MessageReactions, StoreError> {
    let mut results: Vec<types::ReactionCount> = Vec::new();
    let mut recent = Vec::new();
    for given in reactions::of_message(tx, row.owner, row.id)? {
        mentioned.user(given.user);
        let reaction = reaction(&given.reaction);
        let mine = given.user == row.owner;
        match results.iter_mut().find(|count| count.reaction == reaction) {
            Some(count) => count.count += 1,
            None => results.push(types::ReactionCount {
                reaction: reaction.clone(),
                count: 1,
                ..Default::default()
            }),
        }
        if mine && let Some(count) = results.iter_mut().find(|count| count.reaction == reaction) {
            count.chosen_order = Some(given.position);
        }
        recent.push(types::MessagePeerReaction {
            my: mine,
            big: given.big,
            unread: given.unread,
            peer_id: people::peer(given.user.into()),
            date: given.date.wire(),
            reaction,
        });
    }
    Ok(types::MessageReactions {
        can_see_list: true,
        results,
        recent_reactions: (!recent.is_empty()).then_some(recent),
        ..Default::default()
    })
}

fn reaction(reaction: &reactions::Reaction) -> enums::Reaction {
    match reaction {
        reactions::Reaction::Emoji(emoticon) => types::ReactionEmoji { emoticon: emoticon.clone() }.into(),
        reactions::Reaction::Custom(document_id) => {
            types::ReactionCustomEmoji { document_id: *document_id }.into()
        }
    }
}
