//! Between the forms of different layers, as far as the schema cannot say it (`schema/rules.txt`).
//!
//! A module per conversion: `up` makes the newest form, `down` the old one, or says that the old one
//! cannot hold the value.

use tl::Inexpressible;

use crate::{enums as e, types as t};

/// `convert::<name>::{up, down}` for one pair of types.
macro_rules! conversion {
    ($name:ident: $old:ty => $new:ty, |$up:ident| $make:expr, |$down:ident: $of:ty| $unmake:expr) => {
        pub(crate) mod $name {
            use super::*;

            pub(crate) fn up($up: $old) -> $new {
                $make
            }

            pub(crate) fn down($down: $of) -> Result<$old, Inexpressible> {
                $unmake
            }
        }
    };
}

conversion!(text: String => t::TextWithEntities,
    |text| t::TextWithEntities { text, entities: Vec::new() },
    |new: &t::TextWithEntities| Ok(new.text.clone()));
conversion!(peer_color: i32 => e::PeerColor,
|color| t::PeerColor { color: Some(color), background_emoji_id: None }.into(),
|new: &e::PeerColor| match new {
    e::PeerColor::PeerColor(color) => color.color.ok_or(Inexpressible),
    _ => Err(Inexpressible),
});
conversion!(recent_story: i32 => t::RecentStory,
    |max_id| t::RecentStory { live: false, max_id: Some(max_id) },
    |new: &t::RecentStory| new.max_id.ok_or(Inexpressible));
conversion!(seconds: i32 => f64,
    |whole| f64::from(whole),
    |new: &f64| Ok(new.round() as i32));
conversion!(stars: i64 => e::StarsAmount,
|amount| t::StarsAmount { amount, nanos: 0 }.into(),
|new: &e::StarsAmount| match new {
    e::StarsAmount::StarsAmount(stars) => Ok(stars.amount),
    e::StarsAmount::StarsTonAmount(_) => Err(Inexpressible),
});
conversion!(paid_reaction_privacy: bool => e::PaidReactionPrivacy,
|anonymous| {
    if anonymous { e::PaidReactionPrivacy::Anonymous } else { e::PaidReactionPrivacy::Default }
},
|new: &e::PaidReactionPrivacy| match new {
    e::PaidReactionPrivacy::Anonymous => Ok(true),
    e::PaidReactionPrivacy::Default => Ok(false),
    e::PaidReactionPrivacy::Peer(_) => Err(Inexpressible),
});
conversion!(user: i64 => e::Peer,
|user_id| t::PeerUser { user_id }.into(),
|new: &e::Peer| match new {
    e::Peer::User(user) => Ok(user.user_id),
    _ => Err(Inexpressible),
});
conversion!(users: Vec<i64> => Vec<e::Peer>,
    |ids| ids.into_iter().map(super::user::up).collect(),
    |new: &[e::Peer]| Ok(new.iter().filter_map(|peer| super::user::down(peer).ok()).collect()));
conversion!(extended_media: e::MessageExtendedMedia => Vec<e::MessageExtendedMedia>,
    |media| vec![media],
    |new: &[e::MessageExtendedMedia]| new.first().cloned().ok_or(Inexpressible));
conversion!(peer: e::Peer => Vec<e::Peer>,
    |peer| vec![peer],
    |new: &[e::Peer]| new.first().cloned().ok_or(Inexpressible));
conversion!(input_peer: e::InputPeer => Vec<e::InputPeer>,
    |peer| vec![peer],
    |new: &[e::InputPeer]| new.first().cloned().ok_or(Inexpressible));
// Nobody says how long a month of premium is; the shops sell multiples of thirty days.
conversion!(months: i32 => i32,
    |months| months.saturating_mul(30),
    |new: &i32| Ok(new / 30));
conversion!(chat_theme: String => e::ChatTheme,
|emoticon| t::ChatTheme { emoticon }.into(),
|new: &e::ChatTheme| match new {
    e::ChatTheme::ChatTheme(theme) => Ok(theme.emoticon.clone()),
    _ => Err(Inexpressible),
});
conversion!(input_chat_theme: String => e::InputChatTheme,
|emoticon| {
    if emoticon.is_empty() {
        e::InputChatTheme::Empty
    } else {
        t::InputChatTheme { emoticon }.into()
    }
},
|new: &e::InputChatTheme| match new {
    e::InputChatTheme::InputChatTheme(theme) => Ok(theme.emoticon.clone()),
    e::InputChatTheme::Empty => Ok(String::new()),
    _ => Err(Inexpressible),
});
conversion!(reply_to: i32 => e::InputReplyTo,
|reply_to_msg_id| super::reply(Some(reply_to_msg_id), None).unwrap_or_default(),
|new: &e::InputReplyTo| match new {
    e::InputReplyTo::Message(reply) => Ok(reply.reply_to_msg_id),
    _ => Err(Inexpressible),
});
conversion!(rarity: i32 => e::StarGiftAttributeRarity,
|permille| t::StarGiftAttributeRarity { permille }.into(),
|new: &e::StarGiftAttributeRarity| match new {
    e::StarGiftAttributeRarity::StarGiftAttributeRarity(rarity) => Ok(rarity.permille),
    _ => Err(Inexpressible),
});
conversion!(channel: e::InputChannel => e::InputPeer,
|channel| match channel {
    e::InputChannel::Empty => e::InputPeer::Empty,
    e::InputChannel::InputChannel(c) => {
        t::InputPeerChannel { channel_id: c.channel_id, access_hash: c.access_hash }.into()
    }
    e::InputChannel::FromMessage(c) => t::InputPeerChannelFromMessage {
        peer: c.peer,
        msg_id: c.msg_id,
        channel_id: c.channel_id,
    }
    .into(),
},
|new: &e::InputPeer| Ok(match new {
    e::InputPeer::Empty => e::InputChannel::Empty,
    e::InputPeer::Channel(c) => {
        t::InputChannel { channel_id: c.channel_id, access_hash: c.access_hash }.into()
    }
    e::InputPeer::ChannelFromMessage(c) => t::InputChannelFromMessage {
        peer: c.peer.clone(),
        msg_id: c.msg_id,
        channel_id: c.channel_id,
    }
    .into(),
    _ => return Err(Inexpressible),
}));
conversion!(votes: Vec<e::MessageUserVote> => Vec<e::MessagePeerVote>,
    |votes| votes.into_iter().map(super::vote_up).collect(),
    |new: &[e::MessagePeerVote]| Ok(new.iter().filter_map(super::vote_down).collect()));
conversion!(inline_rows: Vec<t::KeyboardButtonRow> => Vec<t::KeyboardInlineButtonRow>,
|rows| {
    rows.into_iter()
        .map(|row| t::KeyboardInlineButtonRow {
            buttons: row.buttons.into_iter().map(super::buttons::to_inline).collect(),
        })
        .collect()
},
|new: &[t::KeyboardInlineButtonRow]| {
    Ok(new
        .iter()
        .map(|row| t::KeyboardButtonRow {
            buttons: row.buttons.iter().filter_map(super::buttons::from_inline).collect(),
        })
        .collect())
});

fn vote_up(vote: e::MessageUserVote) -> e::MessagePeerVote {
    match vote {
        e::MessageUserVote::MessageUserVote(v) => {
            t::MessagePeerVote { peer: user::up(v.user_id), option: v.option, date: v.date }.into()
        }
        e::MessageUserVote::InputOption(v) => {
            t::MessagePeerVoteInputOption { peer: user::up(v.user_id), date: v.date }.into()
        }
        e::MessageUserVote::Multiple(v) => {
            t::MessagePeerVoteMultiple { peer: user::up(v.user_id), options: v.options, date: v.date }.into()
        }
    }
}

fn vote_down(vote: &e::MessagePeerVote) -> Option<e::MessageUserVote> {
    Some(match vote {
        e::MessagePeerVote::MessagePeerVote(v) => {
            t::MessageUserVote { user_id: user::down(&v.peer).ok()?, option: v.option.clone(), date: v.date }
                .into()
        }
        e::MessagePeerVote::InputOption(v) => {
            t::MessageUserVoteInputOption { user_id: user::down(&v.peer).ok()?, date: v.date }.into()
        }
        e::MessagePeerVote::Multiple(v) => t::MessageUserVoteMultiple {
            user_id: user::down(&v.peer).ok()?,
            options: v.options.clone(),
            date: v.date,
        }
        .into(),
    })
}

/// What `reply_to_msg_id` and `top_msg_id` say together.
///
/// A topic alone means a message in it that answers no other: a reply to its first message.
fn reply(reply_to_msg_id: Option<i32>, top_msg_id: Option<i32>) -> Option<e::InputReplyTo> {
    let reply_to_msg_id = reply_to_msg_id.or(top_msg_id)?;
    Some(t::InputReplyToMessage { reply_to_msg_id, top_msg_id, ..Default::default() }.into())
}

/// Values that were read in an older form.
/// What some clients send in the place of a type.
pub(crate) mod accept {
    use tl::{Decode, DecodeError, Reader};

    use crate::{enums as e, types as t};

    pub(crate) fn input_user(r: &mut Reader<'_>) -> Result<e::InputUser, DecodeError> {
        let id = r.peek_u32()?;
        Ok(match e::InputPeer::decode(r)? {
            e::InputPeer::Empty => e::InputUser::Empty,
            e::InputPeer::PeerSelf => e::InputUser::UserSelf,
            e::InputPeer::User(v) => t::InputUser { user_id: v.user_id, access_hash: v.access_hash }.into(),
            e::InputPeer::UserFromMessage(v) => {
                t::InputUserFromMessage { peer: v.peer, msg_id: v.msg_id, user_id: v.user_id }.into()
            }
            _ => return Err(DecodeError::UnknownConstructor { id, expected: "InputUser" }),
        })
    }

    pub(crate) fn input_channel(r: &mut Reader<'_>) -> Result<e::InputChannel, DecodeError> {
        let id = r.peek_u32()?;
        Ok(match e::InputPeer::decode(r)? {
            e::InputPeer::Empty => e::InputChannel::Empty,
            e::InputPeer::Channel(v) => {
                t::InputChannel { channel_id: v.channel_id, access_hash: v.access_hash }.into()
            }
            e::InputPeer::ChannelFromMessage(v) => {
                t::InputChannelFromMessage { peer: v.peer, msg_id: v.msg_id, channel_id: v.channel_id }.into()
            }
            _ => return Err(DecodeError::UnknownConstructor { id, expected: "InputChannel" }),
        })
    }

    pub(crate) fn input_dialog_peer(r: &mut Reader<'_>) -> Result<e::InputDialogPeer, DecodeError> {
        Ok(t::InputDialogPeer { peer: e::InputPeer::decode(r)? }.into())
    }
}

pub(crate) mod upgrade {
    use super::reply;
    use crate::functions::{account, messages};
    use crate::{enums as e, types as t};

    macro_rules! replies {
        ($($name:ident: $function:ident;)*) => { $(
            pub(crate) fn $name(v: &mut messages::$function) {
                if v.reply_to.is_none() {
                    v.reply_to = reply(v.reply_to_msg_id, v.top_msg_id);
                }
            }
        )* };
    }

    replies! {
        messages_send_message: SendMessage;
        messages_send_media: SendMedia;
        messages_send_multi_media: SendMultiMedia;
        messages_send_inline_bot_result: SendInlineBotResult;
        messages_save_draft: SaveDraft;
        messages_prolong_web_view: ProlongWebView;
        messages_request_web_view: RequestWebView;
    }

    pub(crate) fn draft_message(v: &mut t::DraftMessage) {
        if v.reply_to.is_none() {
            v.reply_to = reply(v.reply_to_msg_id, None);
        }
    }

    pub(crate) fn account_update_color(v: &mut account::UpdateColor) {
        if let Some(id) = v.background_emoji_id {
            let color = v.color.get_or_insert_with(|| t::PeerColor::default().into());
            if let e::PeerColor::PeerColor(color) = color {
                color.background_emoji_id = Some(id);
            }
        }
    }

    pub(crate) fn input_media_poll(v: &mut t::InputMediaPoll) {
        let (None, Some(options)) = (&v.correct_answers, &v.correct_options) else { return };
        let place = |option: &Vec<u8>| {
            v.poll.answers.iter().position(|answer| match answer {
                e::PollAnswer::PollAnswer(answer) => answer.option == *option,
                e::PollAnswer::InputPollAnswer(_) => false,
            })
        };
        v.correct_answers = Some(options.iter().filter_map(place).map(|place| place as i32).collect());
    }

    pub(crate) use super::buttons::upgrade as keyboard_button;
}

/// Values that are about to be written in an older form.
pub(crate) mod downgrade {
    use crate::{enums as e, types as t};

    pub(crate) fn draft_message(v: &t::DraftMessage, _layer: i32) -> Option<t::DraftMessage> {
        match (&v.reply_to, v.reply_to_msg_id) {
            (Some(e::InputReplyTo::Message(reply)), None) => {
                Some(t::DraftMessage { reply_to_msg_id: Some(reply.reply_to_msg_id), ..v.clone() })
            }
            _ => None,
        }
    }

    pub(crate) use super::buttons::downgrade as keyboard_button;
}

/// What is written instead of a constructor that the layer does not have.
pub(crate) mod fallback {
    use crate::{enums as e, types as t};

    /// The text stays as it is, without what the entity says of it.
    pub(crate) fn message_entity(v: &e::MessageEntity, _layer: i32) -> Option<e::MessageEntity> {
        let (offset, length) = match v {
            e::MessageEntity::DiffDelete(v) => (v.offset, v.length),
            e::MessageEntity::DiffInsert(v) => (v.offset, v.length),
            e::MessageEntity::DiffReplace(v) => (v.offset, v.length),
            e::MessageEntity::FormattedDate(v) => (v.offset, v.length),
            e::MessageEntity::TonAddress(v) => (v.offset, v.length),
            _ => return None,
        };
        Some(t::MessageEntityUnknown { offset, length }.into())
    }

    /// A collectible is an emoji like others, shown without its colours.
    pub(crate) fn emoji_status(v: &e::EmojiStatus, _layer: i32) -> Option<e::EmojiStatus> {
        match v {
            e::EmojiStatus::Collectible(v) => {
                Some(t::EmojiStatus { document_id: v.document_id, until: v.until }.into())
            }
            _ => None,
        }
    }

    /// Until layer 180 a link preview could not be chosen; the text holds the link.
    pub(crate) fn bot_inline_message(v: &e::BotInlineMessage, _layer: i32) -> Option<e::BotInlineMessage> {
        match v {
            e::BotInlineMessage::MediaWebPage(v) => Some(
                t::BotInlineMessageText {
                    no_webpage: false,
                    invert_media: v.invert_media,
                    message: v.message.clone(),
                    entities: v.entities.clone(),
                    reply_markup: v.reply_markup.clone(),
                }
                .into(),
            ),
            _ => None,
        }
    }
}

/// Buttons: constructors of one type until layer 228, since then two types with a field for the kind.
mod buttons {
    use crate::{enums as e, types as t};

    type Style = Option<t::KeyboardButtonStyle>;

    fn button(text: String, style: Style, kind: e::ButtonType) -> e::KeyboardButton {
        t::KeyboardButton { style, text, r#type: kind }.into()
    }

    fn inline(text: String, style: Style, kind: e::InlineButtonType) -> t::KeyboardInlineButton {
        t::KeyboardInlineButton { style, text, r#type: kind }
    }

    /// Buttons of a reply keyboard take their newest form. Those of an inline keyboard stay as they
    /// are: [`to_inline`] turns them into their own type.
    pub(crate) fn upgrade(v: e::KeyboardButton) -> e::KeyboardButton {
        use e::KeyboardButton as Old;
        match v {
            Old::RequestPhone(v) => button(v.text, v.style, e::ButtonType::RequestPhone),
            Old::RequestGeoLocation(v) => button(v.text, v.style, e::ButtonType::RequestGeoLocation),
            Old::RequestPoll(v) => button(v.text, v.style, t::ButtonTypeRequestPoll { quiz: v.quiz }.into()),
            Old::SimpleWebView(v) => {
                button(v.text, v.style, t::ButtonTypeSimpleWebView { url: v.url }.into())
            }
            Old::RequestPeer(v) => {
                let kind = t::ButtonTypeRequestPeer {
                    button_id: v.button_id,
                    peer_type: v.peer_type,
                    // Until layer 180 there was one.
                    max_quantity: if v.max_quantity == 0 { 1 } else { v.max_quantity },
                };
                button(v.text, v.style, kind.into())
            }
            Old::InputKeyboardButtonRequestPeer(v) => {
                let kind = t::InputButtonTypeRequestPeer {
                    name_requested: v.name_requested,
                    username_requested: v.username_requested,
                    photo_requested: v.photo_requested,
                    button_id: v.button_id,
                    peer_type: v.peer_type,
                    max_quantity: v.max_quantity,
                };
                button(v.text, v.style, kind.into())
            }
            other => other,
        }
    }

    pub(crate) fn downgrade(v: &e::KeyboardButton, _layer: i32) -> Option<e::KeyboardButton> {
        use e::ButtonType as Kind;
        let e::KeyboardButton::KeyboardButton(v) = v else { return None };
        let (text, style) = (v.text.clone(), v.style.clone());
        Some(match &v.r#type {
            Kind::Default => return None,
            Kind::RequestPhone => t::KeyboardButtonRequestPhone { style, text }.into(),
            Kind::RequestGeoLocation => t::KeyboardButtonRequestGeoLocation { style, text }.into(),
            Kind::RequestPoll(k) => t::KeyboardButtonRequestPoll { style, text, quiz: k.quiz }.into(),
            Kind::SimpleWebView(k) => {
                t::KeyboardButtonSimpleWebView { style, text, url: k.url.clone() }.into()
            }
            Kind::RequestPeer(k) => t::KeyboardButtonRequestPeer {
                style,
                text,
                button_id: k.button_id,
                peer_type: k.peer_type.clone(),
                max_quantity: k.max_quantity,
            }
            .into(),
            Kind::InputButtonTypeRequestPeer(k) => t::InputKeyboardButtonRequestPeer {
                name_requested: k.name_requested,
                username_requested: k.username_requested,
                photo_requested: k.photo_requested,
                style,
                text,
                button_id: k.button_id,
                peer_type: k.peer_type.clone(),
                max_quantity: k.max_quantity,
            }
            .into(),
        })
    }

    /// A button of an old inline keyboard; kinds that belong to reply keyboards do nothing there.
    pub(crate) fn to_inline(v: e::KeyboardButton) -> t::KeyboardInlineButton {
        use e::KeyboardButton as Old;
        match v {
            Old::Url(v) => inline(v.text, v.style, t::InlineButtonTypeUrl { url: v.url }.into()),
            Old::Callback(v) => {
                let kind =
                    t::InlineButtonTypeCallback { requires_password: v.requires_password, data: v.data };
                inline(v.text, v.style, kind.into())
            }
            Old::SwitchInline(v) => {
                let kind = t::InlineButtonTypeSwitchInline {
                    same_peer: v.same_peer,
                    query: v.query,
                    peer_types: v.peer_types,
                };
                inline(v.text, v.style, kind.into())
            }
            Old::Game(v) => inline(v.text, v.style, e::InlineButtonType::Game),
            Old::Buy(v) => inline(v.text, v.style, e::InlineButtonType::Buy),
            Old::UrlAuth(v) => {
                let kind =
                    t::InlineButtonTypeUrlAuth { fwd_text: v.fwd_text, url: v.url, button_id: v.button_id };
                inline(v.text, v.style, kind.into())
            }
            Old::InputKeyboardButtonUrlAuth(v) => {
                let kind = t::InputInlineButtonTypeUrlAuth {
                    request_write_access: v.request_write_access,
                    fwd_text: v.fwd_text,
                    url: v.url,
                    bot: Some(v.bot),
                };
                inline(v.text, v.style, kind.into())
            }
            Old::UserProfile(v) => {
                inline(v.text, v.style, t::InlineButtonTypeUserProfile { user_id: v.user_id }.into())
            }
            Old::InputKeyboardButtonUserProfile(v) => {
                inline(v.text, v.style, t::InputInlineButtonTypeUserProfile { user_id: v.user_id }.into())
            }
            Old::WebView(v) => inline(v.text, v.style, t::InlineButtonTypeWebView { url: v.url }.into()),
            Old::Copy(v) => {
                inline(v.text, v.style, t::InlineButtonTypeCopy { copy_text: v.copy_text }.into())
            }
            Old::KeyboardButton(v) => inline(v.text, v.style, e::InlineButtonType::Disabled),
            Old::RequestPhone(v) => inline(v.text, v.style, e::InlineButtonType::Disabled),
            Old::RequestGeoLocation(v) => inline(v.text, v.style, e::InlineButtonType::Disabled),
            Old::RequestPoll(v) => inline(v.text, v.style, e::InlineButtonType::Disabled),
            Old::SimpleWebView(v) => inline(v.text, v.style, e::InlineButtonType::Disabled),
            Old::RequestPeer(v) => inline(v.text, v.style, e::InlineButtonType::Disabled),
            Old::InputKeyboardButtonRequestPeer(v) => inline(v.text, v.style, e::InlineButtonType::Disabled),
        }
    }

    /// The old form of a button of an inline keyboard; `None` leaves it out.
    pub(crate) fn from_inline(v: &t::KeyboardInlineButton) -> Option<e::KeyboardButton> {
        use e::InlineButtonType as Kind;
        let (text, style) = (v.text.clone(), v.style.clone());
        Some(match v.r#type.clone() {
            Kind::Disabled => t::KeyboardButton { style, text, r#type: e::ButtonType::Default }.into(),
            Kind::Url(k) => t::KeyboardButtonUrl { style, text, url: k.url }.into(),
            Kind::Callback(k) => t::KeyboardButtonCallback {
                requires_password: k.requires_password,
                style,
                text,
                data: k.data,
            }
            .into(),
            Kind::SwitchInline(k) => t::KeyboardButtonSwitchInline {
                same_peer: k.same_peer,
                style,
                text,
                query: k.query,
                peer_types: k.peer_types,
            }
            .into(),
            Kind::Game => t::KeyboardButtonGame { style, text }.into(),
            Kind::Buy => t::KeyboardButtonBuy { style, text }.into(),
            Kind::UrlAuth(k) => t::KeyboardButtonUrlAuth {
                style,
                text,
                fwd_text: k.fwd_text,
                url: k.url,
                button_id: k.button_id,
            }
            .into(),
            Kind::InputInlineButtonTypeUrlAuth(k) => t::InputKeyboardButtonUrlAuth {
                request_write_access: k.request_write_access,
                style,
                text,
                fwd_text: k.fwd_text,
                url: k.url,
                bot: k.bot?,
            }
            .into(),
            Kind::UserProfile(k) => t::KeyboardButtonUserProfile { style, text, user_id: k.user_id }.into(),
            Kind::InputInlineButtonTypeUserProfile(k) => {
                t::InputKeyboardButtonUserProfile { style, text, user_id: k.user_id }.into()
            }
            Kind::WebView(k) => t::KeyboardButtonWebView { style, text, url: k.url }.into(),
            Kind::Copy(k) => t::KeyboardButtonCopy { style, text, copy_text: k.copy_text }.into(),
        })
    }
}
