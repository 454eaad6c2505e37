//! Wire objects as the suite's JSON rows (drivers/base.py has their shape).

use grammers_tl_types as tl;
use serde_json::{Value, json};
use tl::enums::{Message, MessageEntity, Reaction, Update, User, UserStatus};

pub fn user_id(peer: &tl::enums::Peer) -> Option<i64> {
    match peer {
        tl::enums::Peer::User(p) => Some(p.user_id),
        _ => None,
    }
}

pub fn user(user: &User) -> Value {
    let User::User(u) = user else {
        return json!({"id": user.id(), "first": "", "last": "", "phone": "", "username": null,
            "self": false, "status": null, "contact": false});
    };
    json!({
        "id": u.id, "first": u.first_name.clone().unwrap_or_default(),
        "last": u.last_name.clone().unwrap_or_default(), "phone": u.phone.clone().unwrap_or_default(),
        "username": u.username, "self": u.is_self, "contact": u.contact,
        "status": u.status.as_ref().map(status),
    })
}

fn status(status: &UserStatus) -> &'static str {
    match status {
        UserStatus::Empty => "empty",
        UserStatus::Online(_) => "online",
        UserStatus::Offline(_) => "offline",
        UserStatus::Recently(_) => "recently",
        UserStatus::LastWeek(_) => "lastweek",
        UserStatus::LastMonth(_) => "lastmonth",
    }
}

fn entity(entity: &MessageEntity) -> Value {
    let kind = match entity {
        MessageEntity::Bold(_) => "bold",
        MessageEntity::Italic(_) => "italic",
        MessageEntity::Code(_) => "code",
        MessageEntity::Strike(_) => "strike",
        MessageEntity::Underline(_) => "underline",
        MessageEntity::Spoiler(_) => "spoiler",
        MessageEntity::Url(_) => "url",
        MessageEntity::Mention(_) => "mention",
        MessageEntity::Hashtag(_) => "hashtag",
        MessageEntity::Email(_) => "email",
        MessageEntity::Phone(_) => "phone",
        MessageEntity::BotCommand(_) => "botcommand",
        _ => "other",
    };
    json!({"type": kind, "offset": entity.offset(), "length": entity.length()})
}

pub fn reactions(reactions: Option<&tl::enums::MessageReactions>) -> Vec<Value> {
    let Some(tl::enums::MessageReactions::Reactions(r)) = reactions else { return Vec::new() };
    r.results
        .iter()
        .map(|tl::enums::ReactionCount::Count(c)| {
            let emoji = match &c.reaction {
                Reaction::Emoji(e) => Some(e.emoticon.clone()),
                _ => None,
            };
            json!({"emoji": emoji, "count": c.count, "chosen": c.chosen_order.is_some()})
        })
        .collect()
}

fn reply_to(header: Option<&tl::enums::MessageReplyHeader>) -> Option<i32> {
    match header {
        Some(tl::enums::MessageReplyHeader::Header(h)) => h.reply_to_msg_id,
        _ => None,
    }
}

pub fn message(message: &Message, me: i64) -> Value {
    match message {
        Message::Empty(m) => json!({"id": m.id, "empty": true}),
        Message::Message(m) => {
            let chat = user_id(&m.peer_id);
            let from = m.from_id.as_ref().and_then(user_id).or(if m.out { Some(me) } else { chat });
            let tl_forward = m.fwd_from.as_ref().map(|tl::enums::MessageFwdHeader::Header(h)| h);
            let forward = tl_forward.map(|h| match h.from_id.as_ref().and_then(user_id) {
                Some(id) => json!(id),
                None => json!(h.from_name),
            });
            json!({
                "id": m.id, "chat": chat, "from": from, "out": m.out, "text": m.message, "date": m.date,
                "reply_to": reply_to(m.reply_to.as_ref()), "forward_from": forward, "ttl": m.ttl_period,
                "silent": m.silent, "pinned": m.pinned, "edited": m.edit_date.is_some(), "service": null,
                "from_scheduled": m.from_scheduled, "reactions": reactions(m.reactions.as_ref()),
                "entities": m.entities.iter().flatten().map(entity).collect::<Vec<_>>(),
            })
        }
        Message::Service(m) => {
            let chat = user_id(&m.peer_id);
            let from = m.from_id.as_ref().and_then(user_id).or(if m.out { Some(me) } else { chat });
            let (service, period) = match &m.action {
                tl::enums::MessageAction::SetMessagesTtl(a) => ("SetMessagesTTL", Some(a.period)),
                tl::enums::MessageAction::PinMessage => ("PinMessage", None),
                tl::enums::MessageAction::ContactSignUp => ("ContactSignUp", None),
                _ => ("other", None),
            };
            json!({
                "id": m.id, "chat": chat, "from": from, "out": m.out, "text": "", "date": m.date,
                "reply_to": reply_to(m.reply_to.as_ref()), "forward_from": null, "ttl": m.ttl_period,
                "silent": m.silent, "pinned": false, "edited": false, "service": service,
                "period": period, "entities": [], "reactions": [],
            })
        }
    }
}

/// An update as an event: its name and its fields.
pub fn event(update: &Update, me: i64) -> (&'static str, Value) {
    match update {
        Update::NewMessage(u) => ("new_message", json!({"message": message(&u.message, me), "pts": u.pts})),
        Update::EditMessage(u) => ("edited", json!({"message": message(&u.message, me), "pts": u.pts})),
        Update::DeleteMessages(u) => ("deleted", json!({"ids": u.messages, "pts": u.pts})),
        Update::ReadHistoryOutbox(u) => {
            ("read_outbox", json!({"chat": user_id(&u.peer), "max_id": u.max_id, "pts": u.pts}))
        }
        Update::ReadHistoryInbox(u) => {
            ("read_inbox", json!({"chat": user_id(&u.peer), "max_id": u.max_id, "pts": u.pts}))
        }
        Update::UserTyping(u) => ("typing", json!({"user": u.user_id, "action": action(&u.action)})),
        Update::UserStatus(u) => ("status", json!({"user": u.user_id, "status": status(&u.status)})),
        Update::MessageReactions(u) => (
            "reactions",
            json!({"chat": user_id(&u.peer), "id": u.msg_id, "reactions": reactions(Some(&u.reactions))}),
        ),
        Update::DraftMessage(u) => ("draft", json!({"chat": user_id(&u.peer), "text": draft(&u.draft)})),
        Update::PinnedMessages(u) => {
            ("pinned", json!({"chat": user_id(&u.peer), "ids": u.messages, "pinned": u.pinned, "pts": u.pts}))
        }
        Update::PeerHistoryTtl(u) => ("ttl", json!({"chat": user_id(&u.peer), "period": u.ttl_period})),
        Update::DialogUnreadMark(u) => ("unread_mark", json!({"chat": dialog(&u.peer), "unread": u.unread})),
        Update::DialogPinned(u) => ("dialog_pinned", json!({"chat": dialog(&u.peer), "pinned": u.pinned})),
        Update::PeerBlocked(u) => ("blocked", json!({"chat": user_id(&u.peer_id), "blocked": u.blocked})),
        _ => ("other", json!({"type": "other"})),
    }
}

fn action(action: &tl::enums::SendMessageAction) -> &'static str {
    match action {
        tl::enums::SendMessageAction::SendMessageTypingAction => "typing",
        tl::enums::SendMessageAction::SendMessageCancelAction => "cancel",
        _ => "other",
    }
}

pub fn draft(draft: &tl::enums::DraftMessage) -> Option<&str> {
    match draft {
        tl::enums::DraftMessage::Message(d) => Some(&d.message),
        tl::enums::DraftMessage::Empty(_) => None,
    }
}

fn dialog(peer: &tl::enums::DialogPeer) -> Option<i64> {
    match peer {
        tl::enums::DialogPeer::Peer(p) => user_id(&p.peer),
        _ => None,
    }
}
