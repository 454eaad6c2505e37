//! Text entities in their wire form.

use domain::text::{DateFormat, Entity, EntityKind};
use tl_api::{enums, types};

pub fn to_tl(entities: &[Entity]) -> Vec<enums::MessageEntity> {
    entities.iter().map(one).collect()
}

fn one(entity: &Entity) -> enums::MessageEntity {
    let (offset, length) = (entity.offset, entity.length);
    macro_rules! plain {
        ($name:ident) => {
            types::$name { offset, length }.into()
        };
    }
    match &entity.kind {
        EntityKind::Unknown => plain!(MessageEntityUnknown),
        EntityKind::Mention => plain!(MessageEntityMention),
        EntityKind::Hashtag => plain!(MessageEntityHashtag),
        EntityKind::BotCommand => plain!(MessageEntityBotCommand),
        EntityKind::Url => plain!(MessageEntityUrl),
        EntityKind::Email => plain!(MessageEntityEmail),
        EntityKind::Bold => plain!(MessageEntityBold),
        EntityKind::Italic => plain!(MessageEntityItalic),
        EntityKind::Code => plain!(MessageEntityCode),
        EntityKind::Pre { language } => {
            types::MessageEntityPre { offset, length, language: language.clone() }.into()
        }
        EntityKind::TextUrl { url } => {
            types::MessageEntityTextUrl { offset, length, url: url.clone() }.into()
        }
        EntityKind::MentionName { user } => {
            types::MessageEntityMentionName { offset, length, user_id: user.0 }.into()
        }
        EntityKind::Phone => plain!(MessageEntityPhone),
        EntityKind::Cashtag => plain!(MessageEntityCashtag),
        EntityKind::Underline => plain!(MessageEntityUnderline),
        EntityKind::Strike => plain!(MessageEntityStrike),
        EntityKind::BankCard => plain!(MessageEntityBankCard),
        EntityKind::Spoiler => plain!(MessageEntitySpoiler),
        EntityKind::CustomEmoji { document } => {
            types::MessageEntityCustomEmoji { offset, length, document_id: *document }.into()
        }
        EntityKind::Blockquote { collapsed } => {
            types::MessageEntityBlockquote { offset, length, collapsed: *collapsed }.into()
        }
        EntityKind::FormattedDate { format, date } => formatted_date(offset, length, *format, *date),
        EntityKind::DiffInsert => plain!(MessageEntityDiffInsert),
        EntityKind::DiffReplace { old_text } => {
            types::MessageEntityDiffReplace { offset, length, old_text: old_text.clone() }.into()
        }
        EntityKind::DiffDelete => plain!(MessageEntityDiffDelete),
        EntityKind::TonAddress => plain!(MessageEntityTonAddress),
    }
}

fn formatted_date(offset: i32, length: i32, format: DateFormat, date: i32) -> enums::MessageEntity {
    types::MessageEntityFormattedDate {
        offset,
        length,
        date,
        relative: format.relative,
        short_time: format.short_time,
        long_time: format.long_time,
        short_date: format.short_date,
        long_date: format.long_date,
        day_of_week: format.day_of_week,
    }
    .into()
}
