//! Message text and its entities, from what a client sent to what is stored.
//!
//! Source: the API's "Styled text with message entities". Offsets and lengths are in UTF-16 code units.

mod clean;
mod detect;
mod nest;

use crate::{Fault, UserId, limits};

/// A stretch of text that means something or looks different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    pub kind: EntityKind,
    /// UTF-16 code units from the start of the text.
    pub offset: i32,
    /// UTF-16 code units.
    pub length: i32,
}

/// Every kind of entity of the newest layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityKind {
    Unknown,
    Mention,
    Hashtag,
    BotCommand,
    Url,
    Email,
    Bold,
    Italic,
    Code,
    Pre { language: String },
    TextUrl { url: String },
    MentionName { user: UserId },
    Phone,
    Cashtag,
    Underline,
    Strike,
    BankCard,
    Spoiler,
    CustomEmoji { document: i64 },
    Blockquote { collapsed: bool },
    FormattedDate { format: DateFormat, date: i32 },
    TonAddress,
    DiffInsert,
    DiffReplace { old_text: String },
    DiffDelete,
}

/// How a client writes the date of a [`EntityKind::FormattedDate`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DateFormat {
    pub relative: bool,
    pub short_time: bool,
    pub long_time: bool,
    pub short_date: bool,
    pub long_date: bool,
    pub day_of_week: bool,
}

/// Text with its entities: sorted by offset (outer before inner), properly nested, inside the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Styled {
    pub text: String,
    pub entities: Vec<Entity>,
}

/// The text of a message.
///
/// Control characters go, white space around the text goes, entities follow. Entities that only the server may
/// set (links, mentions, hashtags, commands …) are found anew; those that a client sent of these kinds are ignored.
/// Overlapping entities are cut, merged or dropped until they nest (see the private module `nest` for the order).
///
/// Errors: `MESSAGE_EMPTY`, `MESSAGE_TOO_LONG`, `ENTITY_BOUNDS_INVALID`, `ENTITIES_TOO_LONG`.
pub fn message(text: &str, entities: Vec<Entity>) -> Result<Styled, Fault> {
    let styled = prepare(text, entities, limits::MESSAGE_LENGTH, Automatic::Found)
        .map_err(|problem| problem.fault(Fault::message_too_long))?;
    if is_blank(&styled.text) { Err(Fault::message_empty()) } else { Ok(styled) }
}

/// The caption of media: as [`message`], but it may be empty. Errors: `MEDIA_CAPTION_TOO_LONG` and the entities'.
pub fn caption(text: &str, entities: Vec<Entity>) -> Result<Styled, Fault> {
    prepare(text, entities, limits::CAPTION_LENGTH, Automatic::Found)
        .map_err(|problem| problem.fault(Fault::media_caption_too_long))
}

/// The text of a draft: as [`message`], but it may be empty, and nothing is looked for in it.
pub fn draft(text: &str, entities: Vec<Entity>) -> Result<Styled, Fault> {
    prepare(text, entities, limits::MESSAGE_LENGTH, Automatic::Left)
        .map_err(|problem| problem.fault(Fault::message_too_long))
}

/// What is quoted of another message: only what changes how letters look is kept of its entities.
///
/// Errors: `QUOTE_TEXT_INVALID` for one that is blank or too long, and the entities'.
pub fn quote(text: &str, mut entities: Vec<Entity>) -> Result<Styled, Fault> {
    use EntityKind::{Bold, CustomEmoji, Italic, Spoiler, Strike, Underline};
    let given = entities.len();
    entities.retain(|e| matches!(e.kind, Bold | Italic | Underline | Strike | Spoiler | CustomEmoji { .. }));
    if given > limits::MESSAGE_ENTITIES_GIVEN {
        return Err(Fault::entities_too_long());
    }
    let styled = prepare(text, entities, limits::QUOTE_LENGTH, Automatic::Left)
        .map_err(|problem| problem.fault(Fault::quote_text_invalid))?;
    if is_blank(&styled.text) { Err(Fault::quote_text_invalid()) } else { Ok(styled) }
}

/// Where `text` has `part`, in UTF-16 code units from its start: of several places the one nearest to `near`.
pub fn find(text: &str, part: &str, near: usize) -> Option<usize> {
    let (mut units, mut best) = (0_usize, None::<usize>);
    for (at, c) in text.char_indices() {
        if text[at..].starts_with(part) && best.is_none_or(|best| units.abs_diff(near) < best.abs_diff(near))
        {
            best = Some(units);
        }
        units += c.len_utf16();
    }
    best
}

/// The length of a text as the protocol counts it.
pub fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Whether a reader would see nothing.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(crate::names::is_invisible)
}

#[derive(Clone, Copy, PartialEq)]
enum Automatic {
    Found,
    Left,
}

/// Why a text cannot be taken.
#[derive(Debug, PartialEq)]
enum Problem {
    TooLong,
    TooManyEntities,
    Bounds,
}

impl Problem {
    fn fault(self, too_long: fn() -> Fault) -> Fault {
        match self {
            Self::TooLong => too_long(),
            Self::TooManyEntities => Fault::entities_too_long(),
            Self::Bounds => Fault::entity_bounds_invalid(),
        }
    }
}

fn prepare(text: &str, entities: Vec<Entity>, limit: usize, automatic: Automatic) -> Result<Styled, Problem> {
    if entities.len() > limits::MESSAGE_ENTITIES_GIVEN {
        return Err(Problem::TooManyEntities);
    }
    // White space around the text may come on top; more than that is not worth the work.
    if text.len() > limit * 16 {
        return Err(Problem::TooLong);
    }
    let (mut text, mut given) = clean::clean(text, entities)?;
    if text.starts_with(char::is_whitespace) {
        // Indentation was kept for code that is perhaps not kept itself.
        let kept = nest::nest(given.into_iter().filter_map(accept).collect(), Vec::new());
        let code = kept.iter().any(|span| span.start == 0 && nest::is_code(&span.kind));
        given = kept;
        if !code {
            let entities = given.into_iter().map(Span::into_entity).collect();
            (text, given) = clean::clean(&text, entities)?;
        }
    }
    if utf16_len(&text) > limit {
        return Err(Problem::TooLong);
    }
    let found = if automatic == Automatic::Found { detect::detect(&text) } else { Vec::new() };
    let given = given.into_iter().filter_map(accept).collect();
    let mut spans = nest::nest(given, found);
    spans.truncate(limits::MESSAGE_ENTITIES);
    let entities = spans.into_iter().map(Span::into_entity).collect();
    Ok(Styled { text, entities })
}

/// An entity whose bounds are known to be good.
#[derive(Clone, Debug, PartialEq)]
struct Span {
    start: usize,
    end: usize,
    kind: EntityKind,
}

impl Span {
    fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Overlaps without one being inside the other.
    fn crosses(&self, other: &Self) -> bool {
        self.overlaps(other) && !self.holds(other) && !other.holds(self)
    }

    fn holds(&self, other: &Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    fn into_entity(self) -> Entity {
        let unit = |n: usize| i32::try_from(n).expect("texts are limited");
        Entity { offset: unit(self.start), length: unit(self.end - self.start), kind: self.kind }
    }
}

/// An entity as a client may set it; `None` for those of the server, and for what means nothing.
fn accept(span: Span) -> Option<Span> {
    use EntityKind::*;
    let kind = match span.kind {
        Unknown
        | Mention
        | Hashtag
        | BotCommand
        | Url
        | Email
        | Phone
        | Cashtag
        | BankCard
        | TonAddress
        | DiffInsert
        | DiffReplace { .. }
        | DiffDelete => return None,
        Pre { language } => {
            let language =
                language.chars().filter(|c| !c.is_control()).take(limits::PRE_LANGUAGE_LENGTH).collect();
            Pre { language }
        }
        TextUrl { url } => TextUrl { url: detect::link_target(&url)? },
        kind => kind,
    };
    (span.start < span.end).then_some(Span { kind, ..span })
}

#[cfg(test)]
mod tests;
