//! What clients send, in the domain's terms.

use domain::text::{DateFormat, Entity, EntityKind};
use domain::{Fault, Peer, UserId};
use tl_api::enums;
use updates::content::Quote;
use updates::{Hashes, StoreError, Tx, people};

/// Whom an `InputPeer` names.
///
/// Errors: `PEER_ID_INVALID` for nobody, for kinds of peers that do not exist here, and for an access hash
/// that is not the caller's own for that peer.
pub fn input_peer(hashes: &dyn Hashes, me: UserId, peer: &enums::InputPeer) -> Result<Peer, Fault> {
    match peer {
        enums::InputPeer::PeerSelf => Ok(Peer::User(me)),
        enums::InputPeer::User(user) => known_user(hashes, me, user.user_id, user.access_hash)
            .map(Peer::User)
            .ok_or_else(Fault::peer_id_invalid),
        _ => Err(Fault::peer_id_invalid()),
    }
}

/// Which dialog an `InputDialogPeer` names.
///
/// Errors: `PEER_ID_INVALID`, also for folders and communities, which do not exist here.
pub fn input_dialog_peer(
    hashes: &dyn Hashes,
    me: UserId,
    peer: &enums::InputDialogPeer,
) -> Result<Peer, Fault> {
    match peer {
        enums::InputDialogPeer::InputDialogPeer(peer) => input_peer(hashes, me, &peer.peer),
        _ => Err(Fault::peer_id_invalid()),
    }
}

/// The message that is answered and what is quoted of it. Older layers have its id alone, in a field of its
/// own.
pub fn reply(
    hashes: &dyn Hashes,
    me: UserId,
    reply: Option<enums::InputReplyTo>,
    older: Option<i32>,
) -> (Option<i32>, Option<Quote>) {
    let Some(enums::InputReplyTo::Message(reply)) = reply else { return (older, None) };
    let (id, given) = (reply.reply_to_msg_id, reply.quote_entities.unwrap_or_default());
    let quote = reply.quote_text.filter(|text| !text.is_empty()).map(|text| Quote {
        text,
        entities: entities(hashes, me, &given),
        offset: reply.quote_offset,
    });
    (Some(id), quote)
}

/// Whom an `InputUser` names.
///
/// Errors: `USER_ID_INVALID`.
pub fn input_user(hashes: &dyn Hashes, me: UserId, user: &enums::InputUser) -> Result<UserId, Fault> {
    match user {
        enums::InputUser::UserSelf => Ok(me),
        enums::InputUser::InputUser(user) => {
            known_user(hashes, me, user.user_id, user.access_hash).ok_or_else(Fault::user_id_invalid)
        }
        _ => Err(Fault::user_id_invalid()),
    }
}

/// Whom an `InputUser` names, also without the hash where the caller knows them anyway: a contact, or
/// somebody whom they have a dialog with. Libraries that lost their cache ask so.
pub fn met(tx: &mut Tx<'_>, me: UserId, user: &enums::InputUser) -> Result<Option<UserId>, StoreError> {
    if let Ok(user) = input_user(tx, me, user) {
        return Ok(Some(user));
    }
    match user {
        enums::InputUser::InputUser(user) if user.access_hash == 0 && user.user_id > 0 => {
            let user = UserId(user.user_id);
            Ok(people::knows(tx, me, user)?.then_some(user))
        }
        _ => Ok(None),
    }
}

/// The user with this id, when the caller has the hash that proves they have met; oneself needs none.
pub fn known_user(hashes: &dyn Hashes, me: UserId, id: i64, access_hash: i64) -> Option<UserId> {
    let user = UserId(id);
    (user == me || (id > 0 && people::access_hash(hashes, me, user) == access_hash)).then_some(user)
}

/// Text entities; a mention of somebody whom the caller may not name becomes plain text.
pub fn entities(hashes: &dyn Hashes, me: UserId, entities: &[enums::MessageEntity]) -> Vec<Entity> {
    entities.iter().filter_map(|entity| one_entity(hashes, me, entity)).collect()
}

fn one_entity(hashes: &dyn Hashes, me: UserId, entity: &enums::MessageEntity) -> Option<Entity> {
    use enums::MessageEntity as Tl;
    macro_rules! at {
        ($e:expr, $kind:expr) => {
            Entity { kind: $kind, offset: $e.offset, length: $e.length }
        };
    }
    Some(match entity {
        Tl::Unknown(e) => at!(e, EntityKind::Unknown),
        Tl::Mention(e) => at!(e, EntityKind::Mention),
        Tl::Hashtag(e) => at!(e, EntityKind::Hashtag),
        Tl::BotCommand(e) => at!(e, EntityKind::BotCommand),
        Tl::Url(e) => at!(e, EntityKind::Url),
        Tl::Email(e) => at!(e, EntityKind::Email),
        Tl::Bold(e) => at!(e, EntityKind::Bold),
        Tl::Italic(e) => at!(e, EntityKind::Italic),
        Tl::Code(e) => at!(e, EntityKind::Code),
        Tl::Pre(e) => at!(e, EntityKind::Pre { language: e.language.clone() }),
        Tl::TextUrl(e) => at!(e, EntityKind::TextUrl { url: e.url.clone() }),
        Tl::MentionName(e) => at!(e, EntityKind::MentionName { user: known_user(hashes, me, e.user_id, 0)? }),
        Tl::InputMessageEntityMentionName(e) => {
            at!(e, EntityKind::MentionName { user: input_user(hashes, me, &e.user_id).ok()? })
        }
        Tl::Phone(e) => at!(e, EntityKind::Phone),
        Tl::Cashtag(e) => at!(e, EntityKind::Cashtag),
        Tl::Underline(e) => at!(e, EntityKind::Underline),
        Tl::Strike(e) => at!(e, EntityKind::Strike),
        Tl::BankCard(e) => at!(e, EntityKind::BankCard),
        Tl::Spoiler(e) => at!(e, EntityKind::Spoiler),
        Tl::CustomEmoji(e) => at!(e, EntityKind::CustomEmoji { document: e.document_id }),
        Tl::Blockquote(e) => at!(e, EntityKind::Blockquote { collapsed: e.collapsed }),
        Tl::FormattedDate(e) => {
            let format = DateFormat {
                relative: e.relative,
                short_time: e.short_time,
                long_time: e.long_time,
                short_date: e.short_date,
                long_date: e.long_date,
                day_of_week: e.day_of_week,
            };
            at!(e, EntityKind::FormattedDate { format, date: e.date })
        }
        Tl::DiffInsert(e) => at!(e, EntityKind::DiffInsert),
        Tl::DiffReplace(e) => at!(e, EntityKind::DiffReplace { old_text: e.old_text.clone() }),
        Tl::DiffDelete(e) => at!(e, EntityKind::DiffDelete),
        Tl::TonAddress(e) => at!(e, EntityKind::TonAddress),
    })
}
